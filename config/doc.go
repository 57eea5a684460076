// Package config reads a configuration folder: handover.yaml and one YAML file
// for each source, destination and route. It promises to find every problem that
// can be found without running, each with file and line, and never to fill a
// gap silently: every key, its type, its default and its meaning stand in one
// table (keys.go), from which come the lint, the JSON Schema for editors and
// the reference in docs/guide/configuration.md.
//
// It opens no listener and no store; app does that with what is returned here.
package config
