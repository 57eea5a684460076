package trace

// Schema is for tests that change the tables behind the trace's back.
var Schema = schema
