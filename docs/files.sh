#!/bin/sh
# files.sh SRCDIR - writes FILES.md: a line for every source file, from its card.
cd "$1" || exit 1
echo "# Files"
echo
echo "Made by \`docs/files.sh\` from the files' own cards; \`tests/guards/files_doc\` keeps it true."
for folder in base http token shm policy store master worker signer auditor fetcher geo ctl; do
    [ -d "$folder" ] || continue
    printf '\n## %s/\n' "$folder"
    # shellcheck disable=SC2046 # names of ours have no spaces
    LC_ALL=C awk '
        FNR == 1 { done = 0 }
        !done && FNR <= 4 && match($0, /^ \* [a-z0-9_]* - /) {
            done = 1
            name = $2
            sub(/^ \* [a-z0-9_]* - /, "")
            printf "- `%s`: %s\n", name, $0
        }' $(ls "$folder"/*.c | LC_ALL=C sort)
done
