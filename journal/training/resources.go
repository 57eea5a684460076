package training

import (
	"fmt"
	"strings"
)

const (
	loinc  = "http://loinc.org"
	ucum   = "http://unitsofmeasure.org"
	v2     = "http://terminology.hl7.org/CodeSystem/v2-"
	oid    = "urn:oid:2.16.840.1.113883.3.9999"
	handle = "urn:handover:"
)

func concept(system, code, display string) object {
	return object{"coding": []any{object{"system": system, "code": code, "display": display}}, "text": display}
}

func reference(to string) object { return object{"reference": handle + to} }

func (a *author) instant() string { return a.moment().Format("2006-01-02T15:04:05-05:00") }

func (a *author) identifier(kind, display string) any {
	return []any{object{"use": "usual", "type": concept(v2+"0203", kind, display), "system": oid, "value": a.number(8),
		"assigner": object{"display": a.pick(facilities)}}}
}

func (a *author) header(event string) []element {
	code := strings.Split(event, "^")
	return []element{
		{"eventCoding", "MSH-9.2", "segment/MSH-MessageHeader:9", object{"system": v2 + "0003", "code": code[1], "display": event}},
		{"source", "MSH-3", "segment/MSH-MessageHeader:3", object{"name": a.pick(facilities), "endpoint": "urn:oid:1.2.3"}},
		{"destination", "MSH-5", "segment/MSH-MessageHeader:5", []any{object{"name": a.pick(facilities), "receiver": reference("Organization-1")}}},
		{"sender", "MSH-4", "segment/MSH-MessageHeader:4", reference("Organization-2")},
	}
}

func (a *author) patient() []element {
	return []element{
		{"identifier", "PID-3[1]", "segment/PID-Patient:3", a.identifier("MR", "Medical record number")},
		{"name", "PID-5[1]", "segment/PID-Patient:5", []any{object{"use": "official", "family": a.pick(families), "given": []string{a.pick(givens), "A"}}}},
		{"gender", "PID-8", "segment/PID-Patient:8", a.pick(words("male female unknown other"))},
		{"birthDate", "PID-7", "segment/PID-Patient:7", fmt.Sprintf("19%s-0%d-1%d", a.number(2), 1+a.IntN(9), a.IntN(10))},
		{"address", "PID-11[1]", "segment/PID-Patient:11", []any{object{"use": "home", "type": "postal", "line": []string{a.number(3) + " Main St"},
			"city": a.pick(cities), "state": a.pick(states), "postalCode": a.number(5), "country": "USA", "district": "County"}}},
		{"telecom", "PID-13[1]", "segment/PID-Patient:13", []any{object{"system": "phone", "use": "home", "value": "(555)555-" + a.number(4)},
			object{"system": "email", "use": "work", "value": "test@example.org"}}},
		{"maritalStatus", "PID-16", "segment/PID-Patient:16", concept("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "M", "Married")},
		{"extension", "PID-10", "segment/PID-Patient:10", []any{object{"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
			"extension": []any{object{"url": "ombCategory", "valueCoding": object{"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "White"}},
				object{"url": "text", "valueString": "White"}}}}},
		{"communication", "PID-15", "segment/PID-Patient:15", []any{object{"language": concept("urn:ietf:bcp:47", "en", "English"), "preferred": true}}},
		{"deceasedBoolean", "PID-30", "segment/PID-Patient:30", false},
		{"multipleBirthBoolean", "PID-24", "segment/PID-Patient:24", false},
		{"contact", "NK1[1]-2", "segment/NK1-Patient:2", []any{object{"name": object{"family": a.pick(families), "given": []string{a.pick(givens)}},
			"relationship": []any{concept(v2+"0131", "C", "Emergency Contact")}}}},
	}
}

func (a *author) encounter() []element {
	return []element{
		{"status", "PV1-2", "segment/PV1-Encounter:2", a.pick(words("in-progress finished planned cancelled unknown"))},
		{"class", "PV1-2", "segment/PV1-Encounter:2", object{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP", "display": "inpatient encounter"}},
		{"identifier", "PV1-19", "segment/PV1-Encounter:19", a.identifier("VN", "Visit number")},
		{"subject", "PID", "message/ADT_A01:PID", reference("Patient-1")},
		{"period", "PV1-44", "segment/PV1-Encounter:44", object{"start": a.instant(), "end": a.instant()}},
		{"participant", "PV1-7", "segment/PV1-Encounter:7", []any{object{"type": []any{concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "ATND", "attender")}, "individual": reference("Practitioner-1")}}},
		{"location", "PV1-3", "segment/PV1-Encounter:3", []any{object{"location": reference("Location-1"), "status": "active"}}},
		{"hospitalization", "PV1-14", "segment/PV1-Encounter:14", object{"admitSource": concept(v2+"0023", "1", "Physician referral"), "dischargeDisposition": concept(v2+"0112", "01", "Discharged to home")}},
		{"serviceType", "PV1-10", "segment/PV1-Encounter:10", concept(v2+"0069", "MED", "Medical Service")},
	}
}

func (a *author) test() object {
	f := strings.Split(strings.Split(a.pick(tests), "|")[0], "^")
	return concept(loinc, f[0], f[1])
}

func (a *author) serviceRequest() []element {
	return []element{
		{"identifier", "ORC-2", "segment/ORC-ServiceRequest:2", a.identifier("PLAC", "Placer Identifier")},
		{"status", "ORC-5", "segment/ORC-ServiceRequest:5", a.pick(words("active completed revoked unknown"))},
		{"intent", "ORC-1", "segment/ORC-ServiceRequest:1", "order"},
		{"code", "OBR-4", "segment/OBR-ServiceRequest:4", a.test()},
		{"subject", "PID", "message/ORU_R01:PID", reference("Patient-1")},
		{"requester", "OBR-16", "segment/OBR-ServiceRequest:16", reference("PractitionerRole-1")},
		{"authoredOn", "ORC-9", "segment/ORC-ServiceRequest:9", a.instant()},
		{"priority", "OBR-27", "segment/OBR-ServiceRequest:27", a.pick(words("routine stat urgent asap"))},
	}
}

func (a *author) report() []element {
	return []element{
		{"identifier", "OBR-3", "segment/OBR-DiagnosticReport:3", a.identifier("FILL", "Filler Identifier")},
		{"basedOn", "OBR", "message/ORU_R01:OBR", []any{reference("ServiceRequest-1")}},
		{"status", "OBR-25", "segment/OBR-DiagnosticReport:25", a.pick(words("final preliminary corrected registered"))},
		{"category", "OBR-24", "segment/OBR-DiagnosticReport:24", []any{concept(v2+"0074", "LAB", "Laboratory")}},
		{"code", "OBR-4", "segment/OBR-DiagnosticReport:4", a.test()},
		{"subject", "PID", "message/ORU_R01:PID", reference("Patient-1")},
		{"encounter", "PV1", "message/ORU_R01:PV1", reference("Encounter-1")},
		{"effectiveDateTime", "OBR-7", "segment/OBR-DiagnosticReport:7", a.instant()},
		{"issued", "OBR-22", "segment/OBR-DiagnosticReport:22", a.instant()},
		{"result", "OBX", "message/ORU_R01:OBX", []any{reference("Observation-1"), reference("Observation-2"), reference("Observation-3")}},
		{"specimen", "SPM", "message/ORU_R01:SPM", []any{reference("Specimen-1")}},
	}
}

func (a *author) measured(n int) []element {
	f := fmt.Sprintf("OBX[%d]-", n)
	value := element{"value", f + "5", "segment/OBX-Observation:5", object{"value": float64(a.IntN(3000)) / 10, "unit": "mg/dL", "system": ucum, "code": "mg/dL"}}
	if a.IntN(3) == 0 {
		value.value = concept("http://snomed.info/sct", "260415000", "Not detected")
	}
	return []element{
		{"status", f + "11", "segment/OBX-Observation:11", a.pick(words("final preliminary corrected"))},
		{"code", f + "3", "segment/OBX-Observation:3", a.test()},
		{"subject", "PID", "message/ORU_R01:PID", reference("Patient-1")},
		value,
		{"referenceRange", f + "7", "segment/OBX-Observation:7", []any{object{"low": object{"value": 3.5, "unit": "mg/dL"}, "high": object{"value": 10.2}, "text": "3.5-10.2"}}},
		{"interpretation", f + "8", "segment/OBX-Observation:8", []any{concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", a.pick(words("N H L A")), "Normal")}},
		{"effectiveDateTime", f + "14", "segment/OBX-Observation:14", a.instant()},
		{"performer", f + "23", "segment/OBX-Observation:23", []any{reference("Organization-1")}},
		{"category", f + "3", "segment/OBX-Observation:3", []any{concept("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory")}},
	}
}

func (a *author) immunization() []element {
	f := strings.Split(a.pick(vaccines), "^")
	return []element{
		{"identifier", "ORC-3", "segment/ORC-Immunization:3", a.identifier("FILL", "Filler Identifier")},
		{"status", "RXA-20", "segment/RXA-Immunization:20", a.pick(words("completed not-done entered-in-error"))},
		{"vaccineCode", "RXA-5", "segment/RXA-Immunization:5", concept("http://hl7.org/fhir/sid/cvx", f[0], f[1])},
		{"patient", "PID", "message/VXU_V04:PID", reference("Patient-1")},
		{"occurrenceDateTime", "RXA-3", "segment/RXA-Immunization:3", a.instant()[:10]},
		{"lotNumber", "RXA-15", "segment/RXA-Immunization:15", a.number(6)},
		{"route", "RXR-1", "segment/RXR-Immunization:1", concept(v2+"0162", "IM", "Intramuscular")},
		{"site", "RXR-2", "segment/RXR-Immunization:2", concept(v2+"0163", "LD", "Left Deltoid")},
		{"doseQuantity", "RXA-6", "segment/RXA-Immunization:6", object{"value": 0.5, "unit": "mL", "system": ucum, "code": "mL"}},
		{"performer", "RXA-10", "segment/RXA-Immunization:10", []any{object{"function": concept(v2+"0443", "AP", "Administering Provider"), "actor": reference("Practitioner-1")}}},
	}
}
