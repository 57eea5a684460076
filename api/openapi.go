package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type object = map[string]any

var aboutOpenAPI = about{summary: "This description", media: "application/json"}

func (a *API) describeItself(c *call) error {
	return c.write(http.StatusOK, "application/json", a.openapi)
}

const openapiAbout = "What became of messages, where data came from, and how the engine is. " +
	"FHIR is at /fhir and described by /fhir/metadata. Nothing here changes what is in the record. " +
	"What may not be seen answers as what does not exist."

// withBeside adds what others serve.
func withBeside(endpoints []endpoint, beside []Beside) []endpoint {
	out := slices.Clone(endpoints)
	for _, b := range beside {
		out = append(out, endpoint{method: b.Method, path: b.Path,
			about: about{summary: b.Summary, media: b.Media, errors: b.Errors}})
	}
	return out
}

// describe writes the endpoints as OpenAPI 3.1.
func describe(version string, endpoints []endpoint) []byte {
	types := schemas{}
	paths := object{}
	for _, e := range endpoints {
		item, _ := paths[e.path].(object)
		if item == nil {
			item = object{}
			paths[e.path] = item
		}
		item[strings.ToLower(e.method)] = operation(e, types)
	}
	failed := types.of(failure{})
	out, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info":    object{"title": "Handover", "version": version, "description": openapiAbout},
		"paths":   paths,
		"components": object{
			"schemas": types,
			"responses": object{"failure": object{
				"description": "What was wrong, where, and what to do",
				"content":     object{mediaProblem: object{"schema": failed}},
			}},
		},
	}, "", "  ")
	if err != nil { // maps of strings can always be encoded
		panic(err)
	}
	return append(out, '\n')
}

func operation(e endpoint, types schemas) object {
	params := []object{}
	for _, p := range e.about.params {
		kind := p.kind
		if kind == "" {
			kind = "string"
		}
		params = append(params, object{
			"name": p.name, "in": p.in, "required": p.in == "path", "description": p.about, "schema": object{"type": kind},
		})
	}
	good := object{"description": "Done"}
	if e.about.waits {
		params = append(params, object{
			"name": offsetHeader, "in": "header", "required": false, "schema": object{"type": "integer", "minimum": 0},
			"description": "Wait until facts up to this offset are applied, a few seconds at most",
		})
		good["headers"] = object{offsetHeader: object{
			"description": "The offset up to which facts had been applied", "schema": object{"type": "integer"},
		}}
	}
	switch {
	case e.about.answer != nil:
		good["content"] = object{"application/json": object{"schema": types.of(e.about.answer)}}
	case e.about.media != "":
		good["content"] = object{e.about.media: object{}}
	}
	responses := object{"200": good}
	for _, status := range e.failures() {
		responses[strconv.Itoa(status)] = object{"$ref": "#/components/responses/failure"}
	}
	return object{"summary": e.about.summary, "parameters": params, "responses": responses}
}

// failures are the statuses of an endpoint's errors: its own, and those of what
// every request goes through.
func (e endpoint) failures() []int {
	out := append([]int{http.StatusBadRequest, http.StatusInternalServerError}, e.about.errors...)
	if !e.open {
		out = append(out, http.StatusForbidden)
	}
	if e.about.waits {
		out = append(out, http.StatusServiceUnavailable)
	}
	return out
}
