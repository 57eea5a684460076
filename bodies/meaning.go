package bodies

import "handover"

// meanings are the resources that the handles of a message mean.
type meanings struct {
	siteKey []byte
	a       *handover.Assertions
	handles map[string]int
	ids     []string // by resource; "": not known
	names   []string // "Type/id" by resource, as far as it was asked for
}

// of returns "Type/id" of what the handle means, "" where that is not known.
func (m *meanings) of(handle string) string {
	i, known := m.handles[handle]
	if handle == "" || !known {
		return ""
	}
	return m.name(i)
}

// name returns "Type/id" of a resource, "" where that is not known.
func (m *meanings) name(i int) string {
	if m.ids[i] == "" {
		return ""
	}
	if m.names == nil {
		m.names = make([]string, len(m.ids))
	}
	if m.names[i] == "" {
		m.names[i] = m.a.Resources[i].Type + "/" + m.ids[i]
	}
	return m.names[i]
}

// qualified returns the authority of an identity of the resource.
func (m *meanings) qualified(r *handover.ResourceAssertion, id *handover.Identity) string {
	return id.Qualified(m.a.Source, m.of(id.Scope), m.of(r.Patient))
}

// derived returns the id that an identity gives.
func (m *meanings) derived(r *handover.ResourceAssertion, id *handover.Identity) string {
	return handover.ResourceID(m.siteKey, r.Type, m.qualified(r, id), id.Value)
}

// before yields the resources that must be known before the identity gives an
// id.
func (m *meanings) before(r *handover.ResourceAssertion, id *handover.Identity) [2]int {
	out := [2]int{-1, -1}
	if i, known := m.handles[id.Scope]; known && id.Scope != "" {
		out[0] = i
	}
	if i, known := m.handles[r.Patient]; known && r.Patient != "" && id.Order {
		out[1] = i
	}
	return out
}

// resolve makes references of the handles in an asserted value.
func (m *meanings) resolve(v []byte) ([]byte, bool) {
	if len(v) == 0 {
		return nil, true
	}
	out, unknown := handover.ResolveHandles(v, func(handle []byte) (string, bool) {
		i, known := m.handles[string(handle)]
		if !known {
			return "", false
		}
		to := m.name(i)
		return to, to != ""
	})
	return out, unknown == ""
}

// identityAt is an identity and the resource that has it.
type identityAt struct {
	r  *handover.ResourceAssertion
	id *handover.Identity
}

func (m *meanings) identities(room []identityAt, resources []int) []identityAt {
	for _, i := range resources {
		r := &m.a.Resources[i]
		for j := range r.Identities {
			room = append(room, identityAt{r, &r.Identities[j]})
		}
	}
	return room
}

// alias returns the alias that an identity gives.
func (m *meanings) alias(at identityAt) handover.Alias {
	return handover.Alias{Authority: m.qualified(at.r, at.id), Value: at.id.Value}
}
