"""What FHIR R4 (4.0.1) says, as far as an import needs it: types, required elements, codes, known code systems.

Source of all but the last: http://hl7.org/fhir/R4, resource definitions (elements with a least count of 1, bindings
of strength *required*).
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TYPES = _words(
    """Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic
    Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry
    ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication
    CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage
    CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
    DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis
    Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable
    ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse
    HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation
    ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure MeasureReport Media Medication
    MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement
    MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
    MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
    MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
    MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition
    OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation
    Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
    RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
    RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition
    StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
    SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task
    TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription"""
)

SHARED = _words(
    """ActivityDefinition CapabilityStatement ChargeItemDefinition CodeSystem CompartmentDefinition ConceptMap
    DeviceDefinition Endpoint EventDefinition GraphDefinition Group HealthcareService ImplementationGuide
    InsurancePlan Library Location Measure MedicationKnowledge MessageDefinition MessageHeader NamingSystem
    ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation PlanDefinition
    Practitioner PractitionerRole Questionnaire ResearchStudy Schedule SearchParameter Slot SpecimenDefinition
    StructureDefinition StructureMap Subscription TerminologyCapabilities TestScript ValueSet"""
)
"""Types that speak of no client: kept with the client whose resources refer to them, else counted as shared."""

CLIENT_ELEMENTS = ("subject", "patient", "beneficiary", "for", "individual")
"""Elements whose reference says whose record a resource belongs to, in this order."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("patient",),
    "Appointment": ("status", "participant"),
    "CarePlan": ("status", "intent", "subject"),
    "Claim": ("status", "type", "use", "patient", "created", "provider", "priority", "insurance"),
    "Communication": ("status",),
    "Condition": ("subject",),
    "Consent": ("status", "scope", "category"),
    "Coverage": ("status", "beneficiary", "payor"),
    "DeviceRequest": ("intent", "code[x]", "subject"),
    "DiagnosticReport": ("status", "code"),
    "DocumentReference": ("status", "content"),
    "Encounter": ("status", "class"),
    "EpisodeOfCare": ("status", "patient"),
    "ExplanationOfBenefit": (
        "status", "type", "use", "patient", "created", "insurer", "provider", "outcome", "insurance",
    ),
    "FamilyMemberHistory": ("status", "patient", "relationship"),
    "Flag": ("status", "code", "subject"),
    "Goal": ("lifecycleStatus", "description", "subject"),
    "ImagingStudy": ("status", "subject"),
    "Immunization": ("status", "vaccineCode", "patient", "occurrence[x]"),
    "MedicationAdministration": ("status", "medication[x]", "subject", "effective[x]"),
    "MedicationDispense": ("status", "medication[x]"),
    "MedicationRequest": ("status", "intent", "medication[x]", "subject"),
    "MedicationStatement": ("status", "medication[x]", "subject"),
    "Observation": ("status", "code"),
    "Procedure": ("status", "subject"),
    "QuestionnaireResponse": ("status",),
    "RelatedPerson": ("patient",),
    "ServiceRequest": ("status", "intent", "subject"),
    "Task": ("status", "intent"),
}  # fmt: skip

_EVENT = "preparation in-progress not-done on-hold stopped completed entered-in-error unknown"
_RESULT = "registered preliminary final amended corrected cancelled entered-in-error unknown"
_REQUEST = "draft active on-hold revoked completed entered-in-error unknown"
STATUS = {
    kind: frozenset(words.split())
    for kind, words in {
        "CarePlan": _REQUEST,
        "DiagnosticReport": _RESULT + " partial appended",
        "DocumentReference": "current superseded entered-in-error",
        "Encounter": "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
        "Flag": "active inactive entered-in-error",
        "Immunization": "completed entered-in-error not-done",
        "MedicationRequest": "active on-hold cancelled completed entered-in-error stopped draft unknown",
        "MedicationStatement":
            "active completed entered-in-error intended stopped on-hold unknown not-taken",
        "Observation": _RESULT,
        "Procedure": _EVENT,
    }.items()
}  # fmt: skip
"""Codes of ``status`` for the types that have a place in the chart."""

EXPECTED: dict[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("code", "clinicalStatus", "category"),
    "CarePlan": ("category", "encounter"),
    "Condition": ("code", "category", "encounter"),
    "DiagnosticReport": ("category", "encounter"),
    "Encounter": ("type", "period"),
    "Immunization": ("encounter",),
    "MedicationRequest": ("encounter", "authoredOn", "category"),
    "Observation": ("category", "encounter"),
    "Patient": ("name", "birthDate", "gender"),
    "Procedure": ("code", "encounter"),
}
"""Elements a record is poorer without: missed where the profile demands them or where most of their kind have them."""

PROFILED: dict[str, tuple[str, ...]] = {
    "AllergyIntolerance": ("code",),
    "CarePlan": ("category",),
    "Condition": ("category", "code"),
    "DiagnosticReport": ("category",),
    "Encounter": ("type",),
    "Observation": ("category",),
    "Patient": ("identifier", "name", "gender"),
    "Procedure": ("code",),
}
"""Elements that US Core profiles make mandatory, for resources that claim one (US Core 5.0.1)."""

_SYSTEMS = _words(
    """http://loinc.org http://snomed.info/sct http://www.nlm.nih.gov/research/umls/rxnorm http://unitsofmeasure.org
    http://www.ama-assn.org/go/cpt https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets http://www.whocc.no/atc
    http://fdasis.nlm.nih.gov http://www.nlm.nih.gov/research/umls/hcpcs http://nucc.org/provider-taxonomy
    http://dicom.nema.org/resources/ontology/DCM http://www.genenames.org http://varnomen.hgvs.org
    http://hl7.org/fhir/ndfrt http://va.gov/terminology/medrt http://ncimeta.nci.nih.gov http://www.radlex.org
    http://www.nanda.org http://www.icd10data.com/icd10pcs http://www.cms.gov/Medicare/Coding/ICD10
    https://www.ada.org/en/publications/cdt http://www.ada.org/cdt http://ihe.net/xds/connectathon/classCodes
    https://www.nubc.org/CodeSystem/RevenueCodes https://www.cdc.gov/nhsn/cdaportal/terminology/codesystem/hsloc.html
    http://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/HospitalAcqCond/Coding
    https://bluebutton.cms.gov/resources/codesystem/adjudication http://standardterms.edqm.eu
    http://www.fda.gov/MedicalDevices/DeviceRegulationandGuidance/GuidanceDocuments/default.htm
    urn:iso:std:iso:11073:10101 urn:iso:std:iso:3166 urn:iso:std:iso:3166:-2 urn:iso:std:iso:4217 urn:ietf:bcp:47
    urn:ietf:bcp:13 urn:ietf:rfc:3986 urn:iso-astm:E1762-95:2013"""
)
_FAMILIES = (
    "http://terminology.hl7.org/",
    "https://terminology.hl7.org/",
    "http://hl7.org/fhir/",
    "http://hl7.org/CodeSystem/",
    "https://bluebutton.cms.gov/resources/",
    "http://snomed.info/sct/",
    "https://www.cms.gov/",
    "urn:oid:2.16.840.1.113883.6.",  # HL7's registry of external code systems
    "urn:oid:2.16.840.1.113883.5.",  # HL7's own version 3 code systems
    "urn:oid:2.16.840.1.113883.12.",  # HL7's version 2 tables
    "urn:oid:2.16.840.1.113883.3.26.",  # NCI
    "urn:oid:2.16.840.1.113883.4.642.",  # FHIR's own
    "urn:oid:1.2.840.10008.",  # DICOM
    "urn:iso:std:iso:11073",
)


def is_known_system(uri: str) -> bool:
    """Whether a code system is one that the standards name; a site's own list is not."""
    return uri in _SYSTEMS or uri.startswith(_FAMILIES)


DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
DATE_TIME = re.compile(
    r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])"
    r"(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00)))?)?)?"
)
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
