// Package api is the HTTP door: FHIR R4 REST at /fhir and the admin API at
// /api/v1, with /healthz, /readyz and /metrics beside them. It promises:
//
//   - every read of record, trace and journal passes the handover.Access that
//     Config.Access gives the request; without one nobody sees anything, and
//     what may not be seen looks like what does not exist;
//   - what it does not do it refuses by name: an unknown search parameter is an
//     error, never a wider result;
//   - no answer to an error, no log line and no metric holds patient data;
//   - a read that names an offset sees everything up to it;
//   - the CapabilityStatement and openapi.json say what is there: both are made
//     from the tables that serve the requests.
//
// Writing comes by sources; there is no write in this version. Who somebody is
// and what he may see, it leaves to Config.Access. docs/guide/api.md is the
// guide for users.
package api
