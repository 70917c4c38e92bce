#!/bin/sh
# Makes the PDF and DOCX files of the demo knowledge from the texts beside this script, with chromium and pandoc. The
# results are committed, so that building needs neither; run it after changing a text.
set -eu
cd "$(dirname "$0")"
out=../content/demo
for name in price-list lens-guide; do
	chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer --print-to-pdf="$out/$name.pdf" "file://$PWD/$name.html"
done
for name in warranty corporate-eye-care; do
	SOURCE_DATE_EPOCH=1767225600 pandoc "$name.md" -o "$out/$name.docx"
done
