# embed.awk - scripts into C strings: awk -f embed.awk common.lua NAME.lua ...
# The first file is put before each of the others but those that begin with "#!lua" themselves; the names
# become enum order's texts.
function quote(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	return "\t\"" line "\\n\"\n"
}
FNR == 1 {
	file++
	if (file > 1) {
		name = FILENAME
		sub(/.*\//, "", name)
		sub(/\.lua$/, "", name)
		body = body (file > 2 ? "\t,\n" : "") "\t/* " name " */\n" ($0 == "#!lua" ? "" : common)
		names = names (file > 2 ? ", " : "") "\"" name "\""
	}
}
file == 1 { common = common quote($0); next }
{ body = body quote($0) }
END {
	print "/* Made by store/scripts/embed.awk out of store/scripts: change it there. */"
	print "#include \"base.h\""
	print "#include \"store_script.h\"\n"
	print "const char *const store_script_text[STORE_SCRIPT_COUNT] = {\n" body "};\n"
	print "const char *const store_script_name[STORE_SCRIPT_COUNT] = {" names "};"
}
