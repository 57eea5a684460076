#!/usr/bin/env bash
# Fuzzes every target of the module for the given time each: fuzz.sh 5m
set -euo pipefail
span=${1:-5m}
cd "$(dirname "$0")/../.."
git grep -lE '^func Fuzz[A-Z]' -- '*_test.go' | while read -r file; do
  grep -oE '^func Fuzz[A-Za-z0-9_]+' "$file" | sed 's/^func //' | while read -r target; do
    echo "== $target in $(dirname "$file") for $span"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$span" "./$(dirname "$file")"
  done
done
