#!/bin/sh
# files.sh SRCDIR - writes FILES.md: a line for every source file, from its card.
cd "$1" || exit 1
echo "# Files"
echo
echo "Made by \`docs/files.sh\` from the files' own cards; \`tests/guards/files_doc\` keeps it true."
for folder in base http token shm policy store master worker signer auditor ctl; do
    printf '\n## %s/\n' "$folder"
    for f in $(ls "$folder"/*.c | LC_ALL=C sort); do
        sed -n '2,4{s/^ \* \([a-z0-9_]* - .*\)$/\1/p}' "$f" | head -n 1 |
            sed "s/^\([a-z0-9_]*\) - \(.*\)$/- \`\1\`: \2/"
    done
done
