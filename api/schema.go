package api

import (
	"reflect"
	"strings"
	"time"
)

// schemas are JSON Schemas of Go types by name, made from what encoding/json
// would write.
type schemas map[string]any

// of returns a reference to the schema of v's type, which it makes if need be.
func (s schemas) of(v any) object { return s.schema(reflect.TypeOf(v)) }

func (s schemas) schema(t reflect.Type) object {
	if t == reflect.TypeFor[time.Time]() {
		return object{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.schema(t.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": s.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.schema(t.Elem())}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Struct:
		name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
		if s[name] == nil {
			properties, required := object{}, []string{}
			s.fields(t, properties, &required)
			s[name] = object{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
		}
		return object{"$ref": "#/components/schemas/" + name}
	}
	panic("api: no schema for " + t.String())
}

// fields adds a struct's fields, those of embedded structs as its own.
func (s schemas) fields(t reflect.Type, properties object, required *[]string) {
	for f := range t.Fields() {
		if f.Anonymous {
			s.fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties[name] = s.schema(f.Type)
		if options == "" {
			*required = append(*required, name)
		}
	}
}
