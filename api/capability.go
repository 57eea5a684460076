package api

import (
	"net/http"

	"handover/fhir"
)

// The parts of a CapabilityStatement that we fill in (FHIR R4 §5.1).
type (
	capabilityStatement struct {
		ResourceType   string           `json:"resourceType"`
		Status         string           `json:"status"`
		Date           string           `json:"date"`
		Kind           string           `json:"kind"`
		Software       software         `json:"software"`
		Implementation implementation   `json:"implementation"`
		FHIRVersion    string           `json:"fhirVersion"`
		Format         []string         `json:"format"`
		Rest           []capabilityRest `json:"rest"`
	}
	software struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	implementation struct {
		Description string `json:"description"`
	}
	capabilityRest struct {
		Mode          string               `json:"mode"`
		Documentation string               `json:"documentation"`
		Resource      []capabilityResource `json:"resource"`
	}
	capabilityResource struct {
		Type              string                  `json:"type"`
		Interaction       []capabilityInteraction `json:"interaction"`
		Versioning        string                  `json:"versioning"`
		ReadHistory       bool                    `json:"readHistory"`
		UpdateCreate      bool                    `json:"updateCreate"`
		ConditionalCreate bool                    `json:"conditionalCreate"`
		ConditionalRead   string                  `json:"conditionalRead"`
		ConditionalUpdate bool                    `json:"conditionalUpdate"`
		ConditionalDelete string                  `json:"conditionalDelete"`
		SearchParam       []capabilityParam       `json:"searchParam"`
	}
	capabilityInteraction struct {
		Code string `json:"code"`
	}
	capabilityParam struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
)

const restDocumentation = "Read-only: what is here came by messages of the sources, and writing by REST is not there. " +
	"Unknown search parameters are refused with 400, or passed over with Prefer: handling=lenient. " +
	"X-Handover-Offset in a request is the journal's offset that the answer must have seen."

// capabilities makes the CapabilityStatement from the tables that serve the
// requests.
func (a *API) capabilities() []byte {
	rest := capabilityRest{Mode: "server", Documentation: restDocumentation}
	var codes []capabilityInteraction
	for _, e := range fhirEndpoints {
		if code := interactions[e.path]; code != "" {
			codes = append(codes, capabilityInteraction{code})
		}
	}
	for t := range fhir.Definitions().Types() {
		if !served(t.Name) {
			continue
		}
		r := capabilityResource{
			Type: t.Name, Interaction: codes, Versioning: "versioned", ReadHistory: true,
			ConditionalRead: "full-support", ConditionalDelete: "not-supported",
		}
		for _, p := range a.params.of(t.Name) {
			r.SearchParam = append(r.SearchParam, capabilityParam{p.Code, p.Type})
		}
		rest.Resource = append(rest.Resource, r)
	}
	description := "Handover"
	if a.Site.Name != "" {
		description = "Handover at " + a.Site.Name
	}
	return encode(capabilityStatement{
		ResourceType: "CapabilityStatement", Status: "active", Date: instant(a.Now()), Kind: "instance",
		Software: software{"Handover", a.Version}, Implementation: implementation{description},
		FHIRVersion: "4.0.1", Format: []string{"json", mediaFHIR}, Rest: []capabilityRest{rest},
	})
}

// metadata gives the CapabilityStatement (FHIR R4 §3.1.0.12).
func (a *API) metadata(c *call) error {
	f, err := readFormat(c.params, c.Header)
	if err != nil {
		return err
	}
	c.format = f
	if err := c.only("_format", "_pretty", "mode"); err != nil {
		return err
	}
	if mode := c.params.Get("mode"); mode != "" && mode != "full" && mode != "normative" {
		return notServed("a statement of this mode")
	}
	return c.writeFHIR(http.StatusOK, a.meta)
}
