package fhirpath_test

import (
	"strings"
	"testing"

	"handover/fhirpath"
)

// TestHostile runs expressions that ask for too much: each has to end, with an
// error or empty, long before memory or patience does.
func TestHostile(t *testing.T) {
	wide := "{" + strings.Repeat(`"a": 1, `, 2000) + `"b": 2}`
	deep := strings.Repeat(`{"a": `, 190) + "1" + strings.Repeat("}", 190)
	for name, c := range map[string]struct{ expr, tree, want string }{
		"repeat without end":   {"1.repeat($this + 1)", "1", "too many steps"},
		"combinations":         {"a" + strings.Repeat(".select(%context.a)", 20), wide, "too many steps"},
		"doubling":             {"1" + strings.Repeat(".select($this.combine($this))", 40), "1", "too many steps"},
		"doubling variables":   {"%all" + strings.Repeat(".select(%all)", 20), "1", "too many steps"},
		"text that doubles":    {"'aaaaaaaaaaaaaaaa'" + strings.Repeat(".replace('', 'bbbbbbbbbbbbbbbb')", 20), "1", "text grows beyond"},
		"text that adds up":    {"(1).select('x')" + strings.Repeat(".select($this + $this)", 60), "1", "text grows beyond"},
		"text that joins":      {"'x'" + strings.Repeat(".combine('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx').join('yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy')", 20) + strings.Repeat(".replaceMatches('.', '$0$0$0$0$0$0$0$0')", 20), "1", "text grows beyond"},
		"text that encodes":    {"'x'" + strings.Repeat(".encode('hex')", 60), "1", "text grows beyond"},
		"text that escapes":    {"'\"'" + strings.Repeat(".escape('json')", 60), "1", "text grows beyond"},
		"large numbers":        {"9" + strings.Repeat(".power(9)", 50), "1", ""},
		"small numbers":        {"0.1" + strings.Repeat(".power(9)", 50), "1", ""},
		"products":             {"9" + strings.Repeat(" * 9999999999.0", 3000), "1", ""},
		"comparing everything": {"a.combine(a).distinct().count() + a.select($this.toString() & '').distinct().count()", wide, ""},
		"deep trees":           {"descendants().count() + (%context = %context | %context.a).toString().length()", deep, ""},
		"sorting":              {strings.Repeat("(a).sort(-$this)", 1) + strings.Repeat(".sort($this)", 50) + ".first()", wide, ""},
	} {
		e, err := fhirpath.Compile(c.expr, fhirpath.Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		root := tree(t, c.tree, nil)
		all := fhirpath.Collection(root.Children(nil, ""))
		for len(all) < 1000 {
			all = append(all, fhirpath.Integer(len(all)))
		}
		_, err = e.Evaluate(fhirpath.Context{Root: root, Variables: map[string]fhirpath.Collection{"all": all}, MaxSteps: 1_000_000})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %.200v, want %q", name, err, c.want)
		}
	}
}

// TestErrorsHoldNoContent looks for the tree's content in every error that
// evaluation can make of it.
func TestErrorsHoldNoContent(t *testing.T) {
	root := tree(t, `{"secret": "Zyxwvu", "secrets": ["Zyxwvu", "Zyxwvu"], "number": 424242, "pattern": "(Zyxwvu"}`, nil)
	for _, expr := range []string{
		"secrets.single()", "-secret", "secret + 1", "secret < 1", "secret.abs()", "number.upper()", "iif(secrets, 1)",
		"'a'.matches(pattern)", "'a'.replaceMatches(pattern, '')", "'a'.encode(secret)", "secret & number", "secret.allTrue()",
		"@2014 + number", "(1 | secret).sort()", "secret.lowBoundary()", "secret.resolve()", "secret.memberOf(secret)",
		"secret.substring(secret)", "secrets[secret]", "number.power(secret)", "secrets and true", "@2014 + secret.toQuantity() + secret",
	} {
		e, err := fhirpath.Compile(expr, fhirpath.Options{})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		_, err = e.Evaluate(fhirpath.Context{Root: root})
		if err == nil && !strings.HasPrefix(expr, "@2014 + secret") {
			t.Errorf("%s: no error", expr)
		}
		if err != nil && (strings.Contains(err.Error(), "Zyx") || strings.Contains(err.Error(), "424242")) {
			t.Errorf("%s: the error tells content", expr)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	e, err := fhirpath.Compile("name.where(use = 'official').given.where($this.matches('S.n')).first()", fhirpath.Options{})
	if err != nil {
		t.Fatal(err)
	}
	root := tree(t, person, nil)
	done := make(chan string)
	for range 4 {
		go func() {
			for range 500 {
				if c, err := e.Evaluate(fhirpath.Context{Root: root}); err != nil || join(c) != "Syn" {
					done <- join(c)
					return
				}
			}
			done <- ""
		}()
	}
	for range 4 {
		if wrong := <-done; wrong != "" {
			t.Error("got", wrong)
		}
	}
}
