package fhir

import "fmt"

// value reads the whole value of a property: an array where its element
// repeats, else one item.
func (p *parser) value(prop *Property, typ *Type) {
	list, known := false, prop != nil && prop.Element != nil
	if known {
		list = prop.Element.IsList()
	}
	isArray := p.peek() == '['
	switch {
	case known && isArray && !list:
		p.wrong(p.i, codeStructure, "must not be an array, as the element does not repeat")
	case known && !isArray && list:
		p.wrong(p.i, codeStructure, "must be an array, as the element may repeat")
	}
	if isArray {
		p.array(prop, typ)
		return
	}
	at := p.i
	if p.item(prop, typ) == kindNull {
		p.wrong(at, codeStructure, "must not be null: leave the property out")
	}
}

// array reads from "[" on.
func (p *parser) array(prop *Property, typ *Type) {
	self := p.add(prop, typ, kindArray)
	if !p.enter() {
		return
	}
	defer p.leave()
	p.i++ // "["
	n := int32(0)
	for {
		p.space()
		at := p.i
		if !p.separator(']', n == 0) {
			break
		}
		if p.peek() == ']' {
			p.problem(at, codeInvalid, "has a comma before its end")
			break
		}
		p.atItem(n)
		p.arrayItem(self, prop, typ)
		if p.broken {
			return
		}
		n++
	}
	p.atItem(-1)
	if p.broken {
		return
	}
	if n == 0 {
		p.wrong(p.i, codeStructure, "is an empty array: leave it out")
	}
	p.i++ // "]"
	p.done(self)
}

// atItem says in which item of an array the parser is; -1 in none.
func (p *parser) atItem(n int32) {
	if len(p.steps) > 0 {
		p.steps[len(p.steps)-1].item = n
	}
}

func (p *parser) arrayItem(array int32, prop *Property, typ *Type) {
	at := p.i
	if p.peek() == '[' {
		p.wrong(at, codeStructure, "must not be an array in an array")
		p.steps = append(p.steps, step{nil, -1})
		p.array(nil, nil)
		p.steps = p.steps[:len(p.steps)-1]
		return
	}
	if p.item(prop, typ) != kindNull {
		return
	}
	p.nodes[array].nulls = true
	if typ == nil || typ.Kind != KindPrimitive {
		p.wrong(at, codeStructure, "must not be null: leave the item out")
	}
}

// item reads one object or primitive and returns what it was.
func (p *parser) item(prop *Property, typ *Type) nodeKind {
	switch c := p.peek(); {
	case c == '{':
		if typ != nil && typ.Kind == KindPrimitive && !prop.Shadow {
			p.wrong(p.i, codeStructure, "must be "+typ.primitive.jsonKind().article()+", not an object")
			typ = nil
		}
		p.object(prop, typ)
		return kindObject
	case c == '"':
		n := p.add(prop, typ, kindString)
		s, escaped := p.quoted()
		p.nodes[n].escaped = escaped
		p.done(n)
		if p.expects(prop, typ, n, kindString) {
			p.check(n, typ, s, escaped)
		}
		return kindString
	case p.i >= len(p.text):
		p.fail("ends too early: expected a value")
		return kindNull
	case c == ',' || c == ']' || c == '}' || c == ':':
		p.fail("expected a value")
		return kindNull
	}
	return p.bare(prop, typ)
}

// bare reads a number, true, false or null: all up to what ends a value.
func (p *parser) bare(prop *Property, typ *Type) nodeKind {
	n := p.add(prop, typ, kindNull)
	from := p.i
	for p.i < len(p.text) && !endsBare[p.text[p.i]] {
		p.i++
	}
	s := p.text[from:p.i]
	kind := kindNumber
	switch s {
	case "null":
		kind = kindNull
	case "true", "false":
		kind = kindBool
	default:
		if !isJSONNumber(s) {
			p.problem(from, codeInvalid, "is not JSON: expected a string in quotes, a number, true, false, null, an object or an array")
			typ = nil
		}
	}
	p.nodes[n].kind = kind
	p.done(n)
	if kind != kindNull && p.expects(prop, typ, n, kind) {
		p.check(n, typ, s, false)
	}
	return kind
}

var endsBare = [256]bool{' ': true, '\t': true, '\n': true, '\r': true, ',': true, ':': true, ']': true, '}': true, '[': true, '{': true, '"': true}

// expects reports whether the definitions want that kind of value here.
func (p *parser) expects(prop *Property, typ *Type, n int32, kind nodeKind) bool {
	if p.options.Lenient || typ == nil {
		return false
	}
	want := kindObject
	if typ.Kind == KindPrimitive && !prop.Shadow {
		want = typ.primitive.jsonKind()
	}
	if want != kind {
		p.wrong(int(p.nodes[n].start), codeStructure, "must be "+want.article()+", not "+kind.article())
		return false
	}
	return true
}

func (k nodeKind) article() string {
	return [...]string{"null", "true or false", "a number", "a string in quotes", "an object", "an array"}[k]
}

// check looks at a primitive's text. s is without quotes.
func (p *parser) check(n int32, typ *Type, s string, escaped bool) {
	if escaped {
		p.scratch = appendUnescaped(p.scratch[:0], s)
		s = string(p.scratch)
	}
	if wrong := typ.primitive.check(s); wrong != "" {
		p.wrong(int(p.nodes[n].start), codeValue, wrong)
	}
}

// pair joins the object's primitives with their siblings that have an
// underscore (FHIR R4 §2.6.2.3), and reports what does not fit together.
func (p *parser) pair(self int32) {
	values := map[*Property]int32{}
	for i := self + 1; i < p.nodes[self].next; i = p.nodes[i].next {
		if !p.nodes[i].prop.Shadow {
			values[p.nodes[i].prop] = i
		}
	}
	for i := self + 1; i < p.nodes[self].next; i = p.nodes[i].next {
		n := &p.nodes[i]
		if n.prop.Shadow {
			v, ok := values[n.prop.sibling]
			if !ok {
				p.reportNulls(i)
				continue
			}
			n.hidden = true
			p.join(v, i)
			delete(values, n.prop.sibling)
		}
	}
	for _, i := range values {
		p.reportNulls(i)
	}
}

// join gives the value v, or each of its items, its id and extensions.
func (p *parser) join(v, extra int32) {
	if p.nodes[v].kind != kindArray || p.nodes[extra].kind != kindArray {
		if p.nodes[v].kind < kindObject && p.nodes[extra].kind == kindObject {
			p.nodes[v].extra = extra
		}
		return
	}
	vi, xi, n := v+1, extra+1, int32(0)
	for ; vi < p.nodes[v].next && xi < p.nodes[extra].next; n++ {
		item, x := &p.nodes[vi], &p.nodes[xi]
		switch {
		case item.kind < kindObject && x.kind == kindObject:
			item.extra = xi
		case item.kind == kindNull && x.kind == kindNull:
			p.wrongNull(vi, n)
		}
		vi, xi = item.next, x.next
	}
	if vi != p.nodes[v].next || xi != p.nodes[extra].next {
		p.steps = append(p.steps, step{p.nodes[extra].prop, -1})
		p.wrong(int(p.nodes[extra].start), codeStructure,
			fmt.Sprintf("must have as many items as %s", p.nodes[v].prop.Name))
		p.steps = p.steps[:len(p.steps)-1]
	}
	for ; vi < p.nodes[v].next; vi, n = p.nodes[vi].next, n+1 {
		if p.nodes[vi].kind == kindNull {
			p.wrongNull(vi, n)
		}
	}
}

// reportNulls reports the nulls of an array that has no sibling.
func (p *parser) reportNulls(array int32) {
	n := &p.nodes[array]
	if !n.nulls || n.typ == nil || n.typ.Kind != KindPrimitive {
		return // others were reported when they were read
	}
	for i, at := array+1, int32(0); i < n.next; i, at = p.nodes[i].next, at+1 {
		if p.nodes[i].kind == kindNull {
			p.wrongNull(i, at)
		}
	}
}

func (p *parser) wrongNull(i, item int32) {
	p.steps = append(p.steps, step{p.nodes[i].prop, item})
	p.wrong(int(p.nodes[i].start), codeStructure, "must not be null, as it has neither value nor extension")
	p.steps = p.steps[:len(p.steps)-1]
}
