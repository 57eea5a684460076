package fhirpath

// Options say how an expression is to be understood. The zero Options compile
// plain FHIRPath for an untyped tree.
type Options struct {
	// Model describes the tree's types: it lets `is` see specialisations and
	// rejects type names that do not exist.
	Model Model
	// Strict has Compile follow paths from Root through Model, and reject
	// elements that cannot be there and orders that mean nothing.
	Strict bool
	// Root is the type of Context.Root; only Strict asks.
	Root TypeName
	// AsFilters has `as` and as() take collections and filter them as ofType()
	// does, which FHIR R4's search parameters count on and N1 forbids.
	AsFilters bool
	// Functions are added to the language's own and go before them.
	Functions map[string]Function
}

// Function is a function that an expression may call beside FHIRPath's own.
type Function struct {
	Min, Max int // number of arguments
	// Call appends the result to dst. Input is what stands before the dot,
	// $this where nothing does. Neither may be kept or changed.
	Call func(dst, input Collection, args []Collection) (Collection, error)
	// Prepare, where it is set and every argument is a literal, is called once
	// by Compile; what it returns is called instead of Call. Its error is one
	// of the expression.
	Prepare func(args []Value) (func(dst, input Collection) (Collection, error), error)
}

// Expr is a compiled expression. It does not change; any number of goroutines
// may evaluate it at a time.
type Expr struct {
	text      string
	root      expression
	model     Model
	asFilters bool
}

// Compile reads an expression. Its error is an Errors with every problem that
// could be found.
func Compile(expr string, opts Options) (*Expr, error) {
	p := newParser(expr, opts)
	root := p.parse()
	if len(p.errors) == 0 && opts.Strict && opts.Model != nil {
		p.errors = check(root, opts)
	}
	if len(p.errors) > 0 {
		return nil, p.errors
	}
	return &Expr{text: expr, root: root, model: opts.Model, asFilters: opts.AsFilters}, nil
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.text }

// Evaluate returns what the expression yields. Its error is an *Error.
func (e *Expr) Evaluate(ctx Context) (Collection, error) {
	c, err := e.Append(nil, ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Append is Evaluate, appending to dst: a caller that evaluates often can use
// one collection again. After an error dst may have grown.
func (e *Expr) Append(dst Collection, ctx Context) (Collection, error) {
	ev := newEvaluation(e, &ctx)
	defer ev.release()
	return e.root.eval(ev, scope{this: ctx.Root}, dst)
}

// Bool evaluates a condition (N1 §4.5): a single value that is not a Boolean
// counts as true. Known is false where the result is empty; more than one item
// is an error.
func (e *Expr) Bool(ctx Context) (value, known bool, err error) {
	ev := newEvaluation(e, &ctx)
	defer ev.release()
	t, err := evalTruth(ev, e.root, scope{this: ctx.Root})
	return t == isTrue, t != unknown, err
}
