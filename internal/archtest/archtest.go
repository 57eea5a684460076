// Package archtest reads the table of import ranks in ARCHITECTURE.md and says
// which imports of the module break it.
package archtest

import (
	"bufio"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const module = "handover"

// Ranks maps a top folder ("." for the root package) to its rank, lowest 0.
type Ranks map[string]int

// ReadRanks reads the rank table of the file: the rows that follow the header
// "| rank | packages |".
func ReadRanks(architecture string) (Ranks, error) {
	f, err := os.Open(architecture)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ranks := Ranks{}
	lines, inTable, rank := bufio.NewScanner(f), false, -1
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "|")
		switch {
		case len(cells) < 4:
			inTable = false
		case strings.TrimSpace(cells[1]) == "rank":
			inTable = true
		case inTable && !strings.HasPrefix(cells[1], "---"):
			rank++
			for _, folder := range strings.Fields(cells[2]) {
				ranks[folder] = rank
			}
		}
	}
	if rank < 0 {
		return nil, fmt.Errorf("%s: no table of ranks", architecture)
	}
	return ranks, lines.Err()
}

// Check returns one line for each import below root that breaks the ranks,
// and for each folder that has no rank.
func Check(root string, ranks Ranks) ([]string, error) {
	var broken []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && skipped(d.Name(), path) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		found, err := checkFile(root, path, ranks)
		broken = append(broken, found...)
		return err
	})
	return broken, err
}

// skipped names folders that hold no packages of the module: hidden ones, test
// data, and modules of their own.
func skipped(name, path string) bool {
	if strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

func checkFile(root, path string, ranks Ranks) ([]string, error) {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	from := topFolder(filepath.ToSlash(filepath.Dir(rel)))
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var broken []string
	if _, ok := ranks[from]; !ok {
		return []string{fmt.Sprintf("%s: folder %s has no rank in ARCHITECTURE.md", rel, from)}, nil
	}
	for _, spec := range file.Imports {
		target, _ := strconv.Unquote(spec.Path.Value)
		if to, ours := ourFolder(target); ours && !allowed(from, to, strings.HasSuffix(rel, "_test.go"), ranks) {
			broken = append(broken, fmt.Sprintf("%s: %s may not import %s", rel, from, target))
		}
	}
	return broken, nil
}

// allowed applies the two rules: downward, or inside the own folder. Tests may
// import whatever lies below app.
func allowed(from, to string, test bool, ranks Ranks) bool {
	low, ok := ranks[to]
	if !ok {
		return false
	}
	return from == to || low < ranks[from] || test && low < ranks["app"]
}

// ourFolder returns the top folder of an import path of this module.
func ourFolder(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	rest, ours := strings.CutPrefix(path, module+"/")
	return topFolder(rest), ours
}

func topFolder(dir string) string {
	top, _, _ := strings.Cut(dir, "/")
	return top
}
