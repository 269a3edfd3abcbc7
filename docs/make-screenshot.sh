#!/bin/sh
# Take a picture of an HTML page with a headless browser: docs/make-screenshot.sh PAGE.html PICTURE.png [WIDTH,HEIGHT]
# Needs chromium (or google-chrome) and a font with Hangul, for example fonts-noto-cjk.
set -eu

if [ $# -lt 2 ]; then
  echo "usage: $0 PAGE.html PICTURE.png [WIDTH,HEIGHT]" >&2
  exit 2
fi
page=$(realpath "$1")
picture=$(realpath -m "$2")
size=${3:-1000,1400}

browser=
for one in chromium chromium-browser google-chrome; do
  if command -v "$one" >/dev/null 2>&1; then browser=$one; break; fi
done
if [ -z "$browser" ]; then
  echo "크로미움이 없어 화면을 찍지 못했습니다. / No chromium here, so no picture was taken." >&2
  exit 3
fi

profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
mkdir -p "$(dirname "$picture")"
"$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars \
  --disable-background-networking --disable-component-update --disable-sync \
  --force-device-scale-factor=2 --window-size="$size" --user-data-dir="$profile" \
  --screenshot="$picture" "file://$page" >/dev/null 2>&1
test -s "$picture" || { echo "no picture was written" >&2; exit 1; }
echo "$picture"
