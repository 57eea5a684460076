package fhirpath

import "time"

// Context is what an expression is evaluated against. Only Root is usual; the
// zero Context evaluates expressions that need no tree.
type Context struct {
	// Root is $this at the outermost level, and %context.
	Root Node
	// Resource is %resource, the innermost resource that holds Root; Root
	// itself where it is nil.
	Resource Node
	// RootResource is %rootResource, the outermost one; Resource where nil.
	RootResource Node
	// Variables are the other %names. They go before the built-in %ucum,
	// %sct, %loinc, %vs-… and %ext-….
	Variables map[string]Collection

	// Now is asked once per evaluation for now(), today() and timeOfDay();
	// without it they are errors.
	Now func() time.Time
	// Resolve finds what a reference points to, for resolve(); nil, nil where
	// there is nothing. Without it resolve() is an error.
	Resolve func(reference string) (Node, error)
	// MemberOf and ConformsTo answer the functions of that name; without them
	// the functions are errors.
	MemberOf   func(n Node, valueSet string) (bool, error)
	ConformsTo func(n Node, profile string) (bool, error)
	// Convert expresses a quantity in another UCUM unit, and is false where
	// the units measure different things. Without it quantities of different
	// units compare as unknown, and equivalence (~) of them is an error.
	Convert func(q Quantity, unit string) (Quantity, bool)
	// Trace receives what trace() is given; without it trace() is silent.
	// What it receives is content: it must not go to a log as it stands.
	Trace func(name string, c Collection)

	// MaxSteps bounds the work of one evaluation; 0 means DefaultSteps.
	MaxSteps int
}

// DefaultSteps is how many steps one evaluation may take: one for each part of
// the expression that is evaluated and each node that is looked at.
const DefaultSteps = 10_000_000

// Limits that no Context changes.
const (
	maxExpression = 64 << 10 // bytes of an expression
	maxNesting    = 200      // levels of an expression
	maxText       = 4 << 20  // bytes of a string that an expression makes
)
