#!/bin/sh
# Builds sandbox.c for every architecture and writes program.ts. Needs gcc, gcc-aarch64-linux-gnu and binutils (Debian).
set -eu
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
compile() {
  "$1-gcc" -Os -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -ffreestanding -fno-stack-protector -fno-pie -no-pie \
    -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fcf-protection=none -nostdlib -static -Wl,--build-id=none -Wl,-z,norelro \
    -Wl,-z,noseparate-code -Wl,--gc-sections -s sandbox.c -o "$out/$1" 2>/dev/null ||
  "$1-gcc" -Os -std=gnu17 -Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare -ffreestanding -fno-stack-protector -fno-pie -no-pie \
    -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -nostdlib -static -Wl,--build-id=none -Wl,-z,norelro \
    -Wl,-z,noseparate-code -Wl,--gc-sections -s sandbox.c -o "$out/$1"
  "$1-objcopy" --remove-section=.comment --remove-section=.note* "$out/$1"
}
compile x86_64-linux-gnu
compile aarch64-linux-gnu
{
  echo "/** The static program of sandbox.c, gzip and base64, by architecture as Go names it. Made by build.sh. */"
  echo "export const SANDBOX_PROGRAMS: Readonly<Record<string, string>> = {"
  echo "  amd64:"
  echo "    '$(gzip -9n <"$out/x86_64-linux-gnu" | base64 -w0)',"
  echo "  arm64:"
  echo "    '$(gzip -9n <"$out/aarch64-linux-gnu" | base64 -w0)',"
  echo "};"
} >program.ts
ls -l "$out"
