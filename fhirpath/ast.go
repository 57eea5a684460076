package fhirpath

// expression is a part of a compiled expression; eval appends what it yields
// to dst. It must not keep dst, nor change what was in it.
type expression interface {
	eval(ev *evaluation, sc scope, dst Collection) (Collection, error)
	at() pos
}

// scope is what $this, $index and $total mean.
type scope struct {
	this  Node // nil: nothing
	index int
	total Collection
}

func (p pos) at() pos { return p }

// literal is a constant, or {} where value is nil.
type literal struct {
	pos
	value Value
}

// special is $this, $index or $total.
type special struct {
	pos
	name string
}

// variable is %name.
type variable struct {
	pos
	name string
}

// member is focus.name; without focus it looks in $this.
type member struct {
	pos
	focus expression
	name  string
	// typed: it begins a path and looks like a type, and so means $this where
	// $this is of that type.
	typed bool
}

// indexer is focus[index].
type indexer struct {
	pos
	focus, index expression
}

// call is focus.function(args); without focus its input is $this.
type call struct {
	pos
	focus    expression
	name     string
	function *builtin
	args     []expression
	wanted   TypeName // the argument of is, as, ofType
	prepared any      // what the function's prepare made of literal arguments
}

// customCall is a call of one of Options.Functions.
type customCall struct {
	pos
	focus    expression
	name     string
	call     func(dst, input Collection, args []Collection) (Collection, error)
	prepared func(dst, input Collection) (Collection, error)
	args     []expression
}

// negation is -x; +x is the same without change.
type negation struct {
	pos
	minus bool
	x     expression
}

// binary is what all operators with two operands have.
type binary struct {
	pos
	op          string
	left, right expression
}

type (
	arithmetic struct{ binary } // * / div mod + - &
	union      struct{ binary } // |
	comparison struct{ binary } // < <= > >=
	equality   struct{ binary } // = != ~ !~
	membership struct{ binary } // in contains
	logic      struct{ binary } // and or xor implies
)

// typeOperator is x is T, x as T.
type typeOperator struct {
	pos
	op     string
	x      expression
	wanted TypeName
}
