package config

import (
	"errors"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// node is a YAML value with the line it stands on. Exactly one of scalar,
// list and pairs is meant, by shape.
type node struct {
	line   int
	shape  nodeShape
	scalar string
	list   []node
	pairs  []pair
}

type pair struct {
	key   string
	line  int
	value node
}

type nodeShape uint8

const (
	scalarNode nodeShape = iota
	listNode
	mapNode
	emptyNode // nothing, null or ~
)

// maxDepth is far deeper than any key of the table lies.
const maxDepth = 16

// parseYAML reads one document. What cannot be read is reported with its line.
func parseYAML(file string, data []byte) (node, Problems) {
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		return node{line: 1, shape: emptyNode}, Problems{yamlProblem(file, err)}
	}
	if len(parsed.Docs) > 1 {
		return node{line: 1, shape: emptyNode}, Problems{{file, beginOf(parsed.Docs[1]), "a second document begins here; one file holds one document"}}
	}
	if len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil {
		return node{line: 1, shape: emptyNode}, nil
	}
	b := builder{file: file}
	return b.build(parsed.Docs[0].Body, 0), b.problems
}

// beginOf returns the line of a document that follows another one. It may be
// empty.
func beginOf(d *ast.DocumentNode) int {
	switch {
	case d.Body != nil:
		return lineOf(d.Body)
	case d.Start != nil:
		return d.Start.Position.Line
	}
	return 1
}

// yamlProblem takes the position out of the library's error, whose long form
// would show the file's content.
func yamlProblem(file string, err error) Problem {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return Problem{file, e.GetToken().Position.Line, "not YAML: " + e.GetMessage()}
	}
	return Problem{file, 1, "not YAML"}
}

type builder struct {
	file     string
	problems Problems
}

func (b *builder) build(n ast.Node, depth int) node {
	line := lineOf(n)
	if depth > maxDepth {
		b.add(line, "nested too deep")
		return node{line: line, shape: emptyNode}
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return b.mapping(line, n.Values, depth)
	case *ast.MappingValueNode:
		return b.mapping(line, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out := node{line: line, shape: listNode}
		for _, v := range n.Values {
			out.list = append(out.list, b.build(v, depth+1))
		}
		return out
	case *ast.NullNode, nil:
		return node{line: line, shape: emptyNode}
	case *ast.StringNode:
		return node{line: line, scalar: n.Value}
	case *ast.LiteralNode:
		return node{line: line, scalar: n.Value.Value}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return node{line: line, scalar: n.GetToken().Value}
	default:
		b.add(line, "anchors, aliases, merges and tags are not used here; write the value out")
		return node{line: line, shape: emptyNode}
	}
}

func (b *builder) mapping(line int, values []*ast.MappingValueNode, depth int) node {
	out := node{line: line, shape: mapNode}
	for _, v := range values {
		key, at := v.Key.GetToken().Value, lineOf(v.Key)
		out.pairs = append(out.pairs, pair{key, at, b.build(v.Value, depth+1)})
	}
	return out
}

func (b *builder) add(line int, text string) {
	b.problems = append(b.problems, Problem{b.file, line, text})
}

func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil {
		return 1
	}
	return n.GetToken().Position.Line
}
