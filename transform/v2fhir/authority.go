package v2fhir

import (
	"regexp"
	"slices"

	"handover/hl7v2"
)

// authority is what an HD says: its namespace, else its universal id.
func authority(v hl7v2.Value, depth int) string {
	if ns := part(v, depth, 1).Text(); ns != "" {
		return ns
	}
	return part(v, depth, 2).Text()
}

// universalID are an OID, at least four numbers deep, or a UUID, as FHIR R4
// writes them behind urn:oid: and urn:uuid: (§2.24.0.1).
var universalID = regexp.MustCompile(`^(?:[0-2](?:\.(?:0|[1-9][0-9]*)){3,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$`)

// itself returns the authority of what names an organization without one, where
// that is unique by itself: an OID or a UUID is everybody's, and so is a
// namespace that the site has declared as an authority of the source. Anything
// else is the source's own.
func (c *Converter) itself(name string) string {
	switch {
	case universalID.MatchString(name):
		return "urn:ietf:rfc:3986"
	case slices.Contains(c.config.Authorities, name):
		return name
	}
	return ""
}

// assigner is what makes an identifier unique: its system, else the first
// identifier of its assigner. As of a CX, the namespace goes before the
// universal id.
func (b *builder) assigner(n *node) string {
	if s := n.get("system"); s != nil && s.text != nil {
		if at := s.from; at.sub == 2 {
			hd := b.run.m.Segment(int(at.seg) - 1).Field(int(at.field)).Repetition(int(at.rep)).Component(int(at.comp))
			if namespace := hd.Subcomponent(1).Text(); namespace != "" {
				return namespace
			}
		}
		return s.plain()
	}
	if a := n.get("assigner"); a != nil && a.refs != nil {
		if to := a.target(); to != nil {
			if v := to.root.get("identifier").get("value"); v != nil {
				return v.plain()
			}
		}
	}
	return ""
}
