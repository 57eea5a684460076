package fhirpath

// builtin is one of the language's own functions.
type builtin struct {
	min, max int
	typed    bool // its one argument is a type: is, as, ofType
	// prepare, if set, looks at the arguments once, when compiling.
	prepare func(c *call) error
	// run appends to dst what the function makes of in, its input. It must
	// keep neither.
	run func(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error)
}

// builtins are all functions, by name.
var builtins = collect(existenceFunctions, filterFunctions, combineFunctions, conversionFunctions,
	stringFunctions, patternFunctions, codingFunctions, mathFunctions, treeFunctions, typeFunctions,
	boundaryFunctions, fhirFunctions)

func collect(groups ...map[string]*builtin) map[string]*builtin {
	all := map[string]*builtin{}
	for _, g := range groups {
		for name, f := range g {
			all[name] = f
		}
	}
	return all
}

// each evaluates the function's first argument once for every item of in, as
// $this, until visit returns false.
func (ev *evaluation) each(c *call, sc scope, in Collection, visit func(i int, t truth) bool) error {
	for i, n := range in {
		t, err := evalTruth(ev, c.args[0], scope{this: n, index: i, total: sc.total})
		if err != nil {
			return err
		}
		if !visit(i, t) {
			return nil
		}
	}
	return nil
}

// argument evaluates argument i as a collection, to be given back.
func (ev *evaluation) argument(c *call, i int, sc scope) (Collection, error) {
	return c.args[i].eval(ev, sc, ev.buffer())
}

// onText makes a function of one that maps a single String.
func onText(f func(s string) Value) *builtin {
	return &builtin{run: func(ev *evaluation, c *call, _ scope, in, dst Collection) (Collection, error) {
		s, ok, err := textInput(ev, c, in)
		if !ok || err != nil {
			return dst, err
		}
		return append(dst, f(s)), nil
	}}
}

// onTexts makes a function of one that maps a String and a String argument.
func onTexts(f func(s, arg string) Value) *builtin {
	return &builtin{min: 1, max: 1, run: func(ev *evaluation, c *call, sc scope, in, dst Collection) (Collection, error) {
		s, ok, err := textInput(ev, c, in)
		if err != nil {
			return dst, err
		}
		arg, known, err := evalString(ev, c.args[0], sc)
		if !ok || !known || err != nil {
			return dst, err
		}
		return append(dst, f(s, arg)), nil
	}}
}

// textInput is the input of a function of a single String; ok is false where
// it is empty. Long text costs steps.
func textInput(ev *evaluation, c *call, in Collection) (s string, ok bool, err error) {
	v, err := singleValue(c.pos, in)
	if v == nil || err != nil {
		return "", false, err
	}
	text, ok := v.(String)
	if !ok {
		return "", false, c.errorf("%s() works on a String, got %s", c.name, v.Type())
	}
	return string(text), true, ev.spend(c.pos, len(text)/textPerStep)
}

// textPerStep is how many bytes of text one step pays for.
const textPerStep = 64
