package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Schema returns a JSON Schema (2020-12) of one kind of file, for editors.
func Schema(f File) ([]byte, error) {
	s := object(f.Keys)
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = f.Kind
	s["description"] = f.Says
	return json.MarshalIndent(s, "", "  ")
}

func object(keys []Key) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, k := range keys {
		properties[k.Name] = property(k)
		if k.Required {
			required = append(required, k.Name)
		}
	}
	s := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func property(k Key) map[string]any {
	s := map[string]any{}
	switch k.Shape {
	case Flag:
		s["type"] = "boolean"
	case Number:
		s["type"], s["minimum"] = "integer", 0
	case Block:
		s = object(k.Keys)
	case Blocks:
		s["type"], s["items"] = "array", object(k.Keys)
	case Word:
		s = word()
	case Words:
		s = listOf(word())
	case Either:
		s = listOf(map[string]any{"oneOf": []any{word(), object(k.Keys)}})
	case Lines:
		s = listOf(map[string]any{"type": "string"})
	default:
		s["type"] = []string{"string", "number"}
	}
	if k.Values != nil && k.Shape == Word {
		s["enum"] = k.Values
	}
	if k.Default != "" {
		s["default"] = k.Default
	}
	s["description"] = k.Says
	return s
}

func word() map[string]any {
	return map[string]any{"type": "string", "pattern": wordPattern.String()}
}

func listOf(item map[string]any) map[string]any {
	return map[string]any{"oneOf": []any{item, map[string]any{"type": "array", "items": item}}}
}

// Reference returns the configuration reference as Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Configuration\n\nA folder of YAML files, made for Git: `handover.yaml` and one file for each\n" +
		"source, destination and route. `handover check DIR` finds every problem, with file and line.\n" +
		"This page is made from the same table as the check.\n")
	for _, f := range Files {
		place := "handover.yaml"
		if f.Folder != "" {
			place = f.Folder + "/NAME.yaml"
		}
		fmt.Fprintf(&b, "\n## %s\n%s\n\n", place, f.Says)
		b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
		writeKeys(&b, "", f.Keys)
	}
	return b.String()
}

func writeKeys(b *strings.Builder, prefix string, keys []Key) {
	for _, k := range keys {
		value, def := string(k.Shape), "–"
		switch {
		case k.Shape == Either:
			value = strings.Join(k.Values, " or ") + " or block"
		case k.Values != nil:
			value = strings.Join(k.Values, " or ")
		}
		if k.Default != "" {
			def = "`" + k.Default + "`"
		}
		if k.Required {
			def = "required"
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s |\n", prefix, k.Name, value, def, k.Says)
		writeKeys(b, prefix+k.Name+".", k.Keys)
	}
}
