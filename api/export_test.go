package api

// Paths lists "METHOD /path" of all endpoints.
func Paths() []string {
	var out []string
	for _, e := range append(fhirEndpoints[:len(fhirEndpoints):len(fhirEndpoints)], adminEndpoints...) {
		out = append(out, e.method+" "+e.path)
	}
	return out
}

// AdminPaths lists those that openapi.json is to describe.
func AdminPaths() []string { return Paths()[len(fhirEndpoints):] }

// The limits, for tests that go to them.
const (
	MaxURL    = maxURL
	MaxForm   = maxForm
	MaxValues = maxValues
)
