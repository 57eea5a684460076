package training

import "strings"

// list splits a block of one entry a line.
func list(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }

// words splits a block at white space.
func words(s string) []string { return strings.Fields(s) }

var (
	families = words(`TESTER EXAMPLE SAMPLE SYNTHETIC Muster Modell Placeholder Specimen DOE SMITH JONES
		EVERYMAN EVERYWOMAN Testpatient Beispiel Fictive DEMO PATIENT TEST`)
	givens = words(`ADAM EVE JOHN JANE Anna Bernd Clara Denis Erika Max Maria WILLIAM BARBARA Test
		BABY GIRL BOY ROBERT MARY`)
	streets = words(`MAIN Oak Elm Example First Second Park Lake Hill Church`)
	cities  = words(`SPRINGFIELD Exampletown Anytown Birmingham Musterstadt ANYTOWN Chicago Metropolis`)
	states  = words(`AL AZ CA CO FL GA IL MA MI MN NC NY OH PA TX WA WI`)

	facilities = words(`HOSP GENHOSP MAINLAB LAB RAD PHARM ADT EHR HIS RIS LIS CLINIC REGADT MCM EPIC
		CERNER SENDING_APP SENDING_FACILITY RECEIVING_APP RECEIVING_FACILITY SendingApp SendingFac
		ReceivingApp ReceivingFac GHH^OE GHH^LAB STATE_LAB PHLAB DOH IIS XYZ_HOSPITAL`)
	authorities = list(`
HOSP
MAIN
EPI
ISO
1.2.840.114350.1.13
2.16.840.1.113883.3.9999
2.16.840.1.113883.19.4.6
GENHOSP&2.16.840.1.113883.19.1&ISO
STATE&2.16.840.1.113883.4.1&ISO
LAB&33D0000001&CLIA
XYZ
`)
	races = list(`
2106-3^White^HL70005
2106-3^White^CDCREC
2054-5^Black or African American^HL70005
2028-9^Asian^CDCREC
1002-5^American Indian or Alaska Native^HL70005
2131-1^Other Race^HL70005
W
`)
	ethnics = list(`
2186-5^Not Hispanic or Latino^HL70189
2135-2^Hispanic or Latino^CDCREC
N^Not Hispanic or Latino^HL70189
U^Unknown^HL70189
`)
	languages = list(`
ENG^English^HL70296
eng^English^ISO6392
EN
GER^German^ISO639
`)
	versions = words(`2.3 2.3.1 2.4 2.5 2.5.1 2.5.1 2.6 2.7 2.8.1`)

	// tests are code, name, unit, reference range, type of value.
	tests = list(`
718-7^Hemoglobin [Mass/volume] in Blood^LN|g/dL^grams per deciliter^UCUM|12.0-16.0|NM
4544-3^Hematocrit [Volume Fraction] of Blood by Automated count^LN|%^Percent^UCUM|36.0-46.0|NM
6690-2^Leukocytes [#/volume] in Blood by Automated count^LN|10*3/uL^^UCUM|4.5-11.0|NM
789-8^Erythrocytes [#/volume] in Blood by Automated count^LN|10*6/uL^^UCUM|4.1-5.3|NM
777-3^Platelets [#/volume] in Blood by Automated count^LN|10*3/uL^^UCUM|150-400|NM
2951-2^Sodium [Moles/volume] in Serum or Plasma^LN|mmol/L^millimole per liter^UCUM|136-145|NM
2823-3^Potassium [Moles/volume] in Serum or Plasma^LN|mmol/L^^UCUM|3.5-5.1|NM
2075-0^Chloride [Moles/volume] in Serum or Plasma^LN|mmol/L^^UCUM|98-107|NM
2345-7^Glucose [Mass/volume] in Serum or Plasma^LN|mg/dL^milligrams per deciliter^UCUM|70_105|NM
3094-0^Urea nitrogen [Mass/volume] in Serum or Plasma^LN|mg/dL^^UCUM|7-18|NM
2160-0^Creatinine [Mass/volume] in Serum or Plasma^LN|mg/dL^^UCUM|0.6-1.3|NM
1742-6^Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma^LN|U/L^^UCUM|7-56|NM
1920-8^Aspartate aminotransferase^LN|U/L^^UCUM|10-40|NM
2093-3^Cholesterol [Mass/volume] in Serum or Plasma^LN|mg/dL^^UCUM|<200|NM
1975-2^Bilirubin.total^LN|mg/dL^^UCUM|0.2-1.2|NM
94500-6^SARS-CoV-2 (COVID-19) RNA [Presence] in Respiratory specimen by NAA with probe detection^LN|||CWE
94558-4^SARS-CoV-2 (COVID-19) Ag [Presence] in Respiratory specimen by Rapid immunoassay^LN|||CWE
94531-1^SARS coronavirus 2 RNA panel - Respiratory specimen by NAA with probe detection^LN|||CWE
600-7^Bacteria identified in Blood by Culture^LN|||CE
11475-1^Microorganism identified in Specimen by Culture^LN|||CE
625-4^Bacteria identified in Stool by Culture^LN|||ST
10368-9^Lead [Mass/volume] in Capillary blood^LN|ug/dL^micrograms per deciliter^UCUM|0.0 - 5.0|NM
77974-4^Lead [Mass/volume] in Blood^LN|ug/dL^^UCUM||SN
30525-0^Age^LN|a^year^UCUM||NM
8310-5^Body temperature^LN|Cel^degree Celsius^UCUM||NM
8302-2^Body height^LN|cm^centimeter^UCUM||NM
29463-7^Body Weight^LN|kg^kilogram^UCUM||NM
8480-6^Systolic blood pressure^LN|mm[Hg]^^UCUM||NM
30963-3^Vaccine purchased with^LN|||CE
64994-7^Vaccine funding program eligibility category^LN|||CE
69764-9^Document type^LN|||CE
29768-9^Date vaccine information statement published^LN|||TS
29769-7^Date vaccine information statement presented^LN|||TS
59784-9^Disease with presumed immunity^LN|||CE
95418-0^Whether patient is employed in a healthcare setting^LN|||CWE
95419-8^Has symptoms related to condition of interest^LN|||CWE
77996-7^Pregnancy status^LN|||CWE
24357-6^Urinalysis macro (dipstick) panel^LN|||ST
18748-4^Diagnostic imaging study^LN|||FT
11502-2^Laboratory report.total^LN|||FT
`)
	coded = list(`
260373001^Detected^SCT
260415000^Not detected^SCT
10828004^Positive^SCT
260385009^Negative^SCT
Y^Yes^HL70136
N^No^HL70136
UNK^Unknown^NULLFL
V02^VFC eligible - Medicaid/Medicaid Managed Care^HL70064
V01^Not VFC eligible^HL70064
VXC40^Eligibility captured at the immunization level^CDCPHINVS
253088698300010311120702^COVID-19^cdcgs1vis
112283007^Escherichia coli^SCT
3092008^Staphylococcus aureus^SCT
`)
	vaccines = list(`
08^Hep B, adolescent or pediatric^CVX
20^DTaP^CVX
21^varicella^CVX
03^MMR^CVX
10^IPV^CVX
48^Hib (PRP-T)^CVX
133^Pneumococcal conjugate PCV 13^CVX
208^COVID-19, mRNA, LNP-S, PF, 30 mcg/0.3 mL dose^CVX
141^Influenza, seasonal, injectable^CVX
998^no vaccine administered^CVX
110^DTaP-Hep B-IPV^CVX^58160-0811-51^Pediarix^NDC
`)
	makers = list(`
MSD^Merck and Co., Inc.^MVX
SKB^GlaxoSmithKline^MVX
PMC^sanofi pasteur^MVX
PFR^Pfizer, Inc^MVX
MOD^Moderna US, Inc.^MVX
`)
	specimens = list(`
119297000^Blood specimen^SCT
258500001^Nasopharyngeal swab^SCT
122555007^Venous blood specimen^SCT
BLD^Whole blood^HL70487
SER^Serum^HL70487
UR^Urine^HL70487
SWAB
`)
	diagnoses = list(`
I10^Essential (primary) hypertension^I10
E11.9^Type 2 diabetes mellitus without complications^I10
R07.9^Chest pain, unspecified^I10C
J18.9^Pneumonia, unspecified organism^I10
Z34.90^Encounter for supervision of normal pregnancy^ICD-10-CM
250.00^DIABETES MELLITUS^I9
`)
	allergens = list(`
DA|70618^Penicillin^RXNORM|SV^Severe^HL70128|Hives
FA|^Peanuts|MO|ANAPHYLAXIS
DA|1605^acetaminophen^L|MO^MODERATE^HL70128|Itching
MA|^ASPIRIN|MI|RASH
`)
	reports = list(`
The lungs are clear. No pleural effusion or pneumothorax. Heart size is normal.
IMPRESSION: No acute disease.\.br\FINDINGS: Unremarkable examination.
History of present illness: The patient presents with chest pain.
Specimen received in formalin and labeled with the patient's name.
NO GROWTH AFTER 5 DAYS
Discharge summary: condition at discharge stable.
`)
)
