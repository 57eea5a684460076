package record

import "handover"

// A status may move to the same or a higher rank of its table, and to a lower
// one only by a correction. The ranks follow the state machines and code
// definitions of FHIR R4 (4.0.1); codes of equal rank may follow each other
// either way (in-progress and onleave). "unknown" and codes that are not in the
// table have rank 0: they take nothing back that is known.
var ranks = map[string]map[string]map[string]uint8{
	// FHIR R4 value set encounter-status; §8.11.3 has the order.
	"Encounter": {"status": {
		"planned": 1, "arrived": 2, "triaged": 3, "in-progress": 4, "onleave": 4,
		"finished": 5, "cancelled": 5, "entered-in-error": 6,
	}},
	// FHIR R4 value set episode-of-care-status.
	"EpisodeOfCare": {"status": {
		"planned": 1, "waitlist": 1, "active": 2, "onhold": 2, "finished": 3, "cancelled": 3,
		"entered-in-error": 4,
	}},
	// FHIR R4 value set observation-status, with its sub-types (corrected is an
	// amendment); cancelled means that the final answer is that there is none.
	"Observation": {"status": {
		"registered": 1, "preliminary": 2, "final": 3, "cancelled": 3, "amended": 4, "corrected": 4,
		"entered-in-error": 5,
	}},
	// FHIR R4 value set diagnostic-report-status.
	"DiagnosticReport": {"status": {
		"registered": 1, "partial": 2, "preliminary": 2, "final": 3, "cancelled": 3, "amended": 4,
		"corrected": 4, "appended": 4, "entered-in-error": 5,
	}},
	// FHIR R4 value set request-status and the request state machine, §12.11.4.
	"ServiceRequest": {"status": {
		"draft": 1, "active": 2, "on-hold": 2, "completed": 3, "revoked": 3, "entered-in-error": 4,
	}},
	// FHIR R4 value set medicationrequest-status.
	"MedicationRequest": {"status": {
		"draft": 1, "active": 2, "on-hold": 2, "completed": 3, "stopped": 3, "cancelled": 3,
		"entered-in-error": 4,
	}},
	// FHIR R4 value set medication-admin-status.
	"MedicationAdministration": {"status": {
		"in-progress": 1, "on-hold": 1, "completed": 2, "stopped": 2, "not-done": 2,
		"entered-in-error": 3,
	}},
	// FHIR R4 value set medicationdispense-status.
	"MedicationDispense": {"status": {
		"preparation": 1, "in-progress": 2, "on-hold": 2, "completed": 3, "cancelled": 3,
		"stopped": 3, "declined": 3, "entered-in-error": 4,
	}},
	// FHIR R4 value set medication-statement-status.
	"MedicationStatement": {"status": {
		"intended": 1, "active": 2, "on-hold": 2, "completed": 3, "stopped": 3, "not-taken": 3,
		"entered-in-error": 4,
	}},
	// FHIR R4 value set event-status, as Procedure binds it.
	"Procedure": {"status": {
		"preparation": 1, "in-progress": 2, "on-hold": 2, "completed": 3, "stopped": 3,
		"not-done": 3, "entered-in-error": 4,
	}},
	// FHIR R4 value set appointmentstatus; §12.9.4 has the order.
	"Appointment": {"status": {
		"proposed": 1, "pending": 2, "waitlist": 2, "booked": 3, "arrived": 4, "checked-in": 5,
		"fulfilled": 6, "noshow": 6, "cancelled": 6, "entered-in-error": 7,
	}},
	// FHIR R4 value sets document-reference-status and composition-status.
	"DocumentReference": {
		"status":    {"current": 1, "superseded": 2, "entered-in-error": 3},
		"docStatus": {"preliminary": 1, "final": 2, "amended": 3, "entered-in-error": 4},
	},
	// FHIR R4 value set immunization-status.
	"Immunization": {"status": {"completed": 1, "not-done": 1, "entered-in-error": 2}},
	// FHIR R4 value set task-status and the task state machine, §12.15.3.
	"Task": {"status": {
		"draft": 1, "requested": 2, "received": 3, "accepted": 4, "ready": 5, "in-progress": 6,
		"on-hold": 6, "completed": 7, "failed": 7, "rejected": 7, "cancelled": 7,
		"entered-in-error": 8,
	}},
}

// qualifies names the types whose status says how far the content may be
// trusted. There the whole assertion has the rank of its status: a preliminary
// value must not stand under the word "final" (docs/decisions/0011).
var qualifies = map[string]string{
	"Observation":       "status",
	"DiagnosticReport":  "status",
	"DocumentReference": "docStatus",
}

// statusRank returns the rank of a status element's value, 0 where there is no
// table or the code is not in it.
func statusRank(resourceType, element string, value []byte) uint8 {
	table := ranks[resourceType][element]
	if table == nil || len(value) < 2 || value[0] != '"' {
		return 0
	}
	return table[string(value[1:len(value)-1])]
}

// assertionRank returns the rank that all elements of the assertion share.
func assertionRank(a *handover.ResourceAssertion) uint8 {
	status := qualifies[a.Type]
	if status == "" {
		return 0
	}
	for i := range a.Elements {
		if a.Elements[i].Name == status {
			return statusRank(a.Type, status, a.Elements[i].Value)
		}
	}
	return 0
}
