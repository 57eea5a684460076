package fhirpath_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"handover/fhirpath"
)

func TestCompileReportsAll(t *testing.T) {
	for expr, want := range map[string][]string{
		"":                        {"1:1: expected a value, a name or '('"},
		"name.":                   {"1:6: expected a name after '.'"},
		"name.given)":             {"1:11: expected an operator or the end of the expression"},
		"a b":                     {"1:3: expected an operator or the end of the expression"},
		"(1 + 2":                  {"1:7: expected ')'"},
		"name[0":                  {"1:7: expected ']'"},
		"1 +":                     {"1:4: expected a value, a name or '('"},
		"and true":                {"1:1: expected a value before 'and'", "1:5: expected an operator or the end of the expression"},
		"x is 3":                  {"1:6: expected a type"},
		"a.where()":               {"1:3: where takes 1 argument(s), not 0"},
		"a.count(1)":              {"1:3: count takes no argument"},
		"a.substring(1, 2, 3)":    {"1:3: substring takes 1 to 2 arguments, not 3"},
		"{1}":                     {"1:2: expected '}'"},
		"nope(1).never(@2015-99)": {"1:1: no function 'nope'", "1:9: no function 'never'", "1:15: not a date (YYYY, YYYY-MM or YYYY-MM-DD)"},
		"first(\n  'é', huh(2),\n  99999999999)": {
			"2:8: no function 'huh'", "3:3: integer is out of range -2147483648 to 2147483647", "1:1: first takes no argument",
		},
		"a.where(b = ) and c.where( = d)": {"1:13: expected a value, a name or '('", "1:28: expected a value, a name or '('"},
		"'a' ; 'b' ? 1":                   {"1:5: character has no meaning here", "1:11: character has no meaning here"},
	} {
		_, err := fhirpath.Compile(expr, fhirpath.Options{})
		all, ok := errors.AsType[fhirpath.Errors](err)
		if !ok {
			t.Errorf("%s: got error %v", expr, err)
			continue
		}
		var got []string
		for _, e := range all {
			got = append(got, e.Error())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", expr, diff)
		}
		if want := strings.Join(want, "; "); err.Error() != want {
			t.Errorf("%s: %q, want %q", expr, err, want)
		}
	}
}

func TestKeywordsAsNames(t *testing.T) {
	for _, expr := range []string{"text.div", "a.contains", "is", "as.in", "contains.where(in = 1)", "repeat.day.hours", "a.`and`"} {
		if _, err := fhirpath.Compile(expr, fhirpath.Options{}); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

func TestTooMuchToCompile(t *testing.T) {
	for name, expr := range map[string]string{
		"long":    strings.Repeat(" ", 64<<10) + "1",
		"nested":  strings.Repeat("(", 60_000),
		"closed":  strings.Repeat("(", 1000) + "1" + strings.Repeat(")", 1000),
		"signs":   strings.Repeat("-", 60_000) + "1",
		"indices": strings.Repeat("a[", 20_000),
		"calls":   strings.Repeat("a.where(", 8000),
		"links":   "a" + strings.Repeat(".a", 30_000),
		"sum":     "1" + strings.Repeat("+1", 30_000),
		"braces":  strings.Repeat("{", 60_000),
	} {
		_, err := fhirpath.Compile(expr, fhirpath.Options{})
		if err == nil {
			t.Errorf("%s compiles", name)
		} else if len(err.Error()) > 4000 {
			t.Errorf("%s: error of %d bytes", name, len(err.Error()))
		}
	}
}

func TestLongButFair(t *testing.T) {
	expr := "'x' in ('a'" + strings.Repeat(" | 'b'", 3000) + ")"
	if got, err := run(expr); err != nil || got != "false" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCustomFunctions(t *testing.T) {
	calls := 0
	opts := fhirpath.Options{Functions: map[string]fhirpath.Function{
		"double": {Min: 0, Max: 1, Call: func(dst, in fhirpath.Collection, args []fhirpath.Collection) (fhirpath.Collection, error) {
			dst = append(dst, in...)
			dst = append(dst, in...)
			for _, a := range args {
				dst = append(dst, a...)
			}
			return dst, nil
		}},
		"fail": {Call: func(dst, _ fhirpath.Collection, _ []fhirpath.Collection) (fhirpath.Collection, error) {
			return dst, errTest
		}},
		"once": {Min: 1, Max: 1,
			Call: func(dst, _ fhirpath.Collection, _ []fhirpath.Collection) (fhirpath.Collection, error) {
				return append(dst, fhirpath.String("called")), nil
			},
			Prepare: func(args []fhirpath.Value) (func(dst, in fhirpath.Collection) (fhirpath.Collection, error), error) {
				calls++
				if args[0].Text() == "bad" {
					return nil, errTest
				}
				return func(dst, _ fhirpath.Collection) (fhirpath.Collection, error) {
					return append(dst, fhirpath.String("prepared")), nil
				}, nil
			}},
	}}
	for expr, want := range map[string]string{
		"(1 | 2).double()":          "1, 2, 1, 2",
		"1.double(3 | 4)":           "1, 1, 3, 4",
		"once('x')":                 "prepared",
		"once('x' & '')":            "called",
		"fail()":                    "error 1:1: fail: test failure",
		"once('bad')":               "error 1:6: once: test failure",
		"double(1, 2)":              "error 1:1: double takes 0 to 1 arguments, not 2",
		"(1 | 2).select(once('a'))": "prepared, prepared",
	} {
		calls = 0
		e, err := fhirpath.Compile(expr, opts)
		var c fhirpath.Collection
		if err == nil {
			c, err = e.Evaluate(fhirpath.Context{})
		}
		got := join(c)
		if err != nil {
			got = "error " + err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
		if calls > 1 {
			t.Errorf("%s: prepared %d times", expr, calls)
		}
	}
	e, _ := fhirpath.Compile("fail()", opts)
	if _, err := e.Evaluate(fhirpath.Context{}); !errors.Is(err, errTest) {
		t.Errorf("the cause is lost: %v", err)
	}
}

var errTest = errors.New("test failure")
