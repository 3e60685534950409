# errors.awk - docs/errors.md out of http/problem.def:
#	awk -f docs/errors.awk http/problem.def > docs/errors.md
# tests/guards/errors_doc compares the two.
BEGIN {
	FS = "\""
	print "# Error codes"
	print ""
	print "Every refusal is an RFC 9457 `application/problem+json` document whose `type` is"
	print "`urn:sessiond:error:CODE`. The table is closed: a code that is not here is never sent."
	print "It is generated from `http/problem.def` by `docs/errors.awk`; do not edit it."
	print ""
	print "| code | status | what it means | what to do |"
	print "|---|---|---|---|"
}
/^PROBLEM\(/ {
	status = $3
	gsub(/[^0-9]/, "", status)
	printf "| `%s` | %s | %s. | %s |\n", $2, status, $4, $6
}
