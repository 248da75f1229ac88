"""Column names of other programs, and where what stands under them belongs. Data, no logic.

A name is compared by its letters and digits alone (``mapping.squashed``): First Name, first_name and firstName are one.
Sources: Jane's import guide; Cliniko's API fields and export labels; Mindbody's Public API models; the import pages of
Aestheticc, Reservation Studio and Schedulista; Pabau's client API; Zenoti's guest pages; the CSV exports of Google
Contacts (both generations) and Outlook. The rest are the words people use.
"""

from __future__ import annotations

from typing import Final

PLACES: Final = {
    "full name": "whole name in one column, split into given and family name",
    "given": "given name",
    "middle": "middle name, added to the given name",
    "family": "family name",
    "preferred": "preferred name",
    "reading": "how the name is read",
    "title": "title",
    "suffix": "after the name (Jr., PhD)",
    "born": "birth date",
    "deceased on": "date of death",
    "sex": "sex",
    "gender": "gender",
    "pronouns": "pronouns",
    "email": "e-mail",
    "phone": "phone",
    "number": "client or identity number",
    "address": "whole address in one column",
    "address line": "street and number",
    "city": "town or city",
    "state": "state or county",
    "postal": "postal code",
    "country": "country",
    "language": "language",
    "occupation": "occupation",
    "marital": "marital status",
    "contact by": "contact by",
    "note": "note for everyone who sees the card",
    "clinical note": "note for clinicians (front desk does not see it)",
    "alert": "alert for clinicians",
    "critical alert": "critical alert for clinicians; the desk is told to ask",
    "guardian name": "guardian", "guardian phone": "guardian's phone", "guardian email": "guardian's e-mail",
    "guardian note": "about the guardian",
    "emergency name": "emergency contact", "emergency phone": "emergency contact's phone",
    "emergency email": "emergency contact's e-mail", "emergency note": "about the emergency contact",
    "gp name": "GP", "gp phone": "GP's phone", "gp email": "GP's e-mail", "gp note": "about the GP",
    "partner name": "partner", "partner phone": "partner's phone", "partner email": "partner's e-mail",
    "partner note": "about the partner",
    "referrer name": "referrer", "referrer phone": "referrer's phone", "referrer email": "referrer's e-mail",
    "referrer note": "about the referrer",
    "pharmacy name": "pharmacy", "pharmacy phone": "pharmacy's phone", "pharmacy email": "pharmacy's e-mail",
    "pharmacy note": "about the pharmacy",
    "insurer name": "insurer", "insurer phone": "insurer's phone", "insurer email": "insurer's e-mail",
    "insurer note": "about the insurer",
    "aside": "kept sealed beside the card; no page shows it yet",
    "consent": "not taken over: marketing consent must be asked for anew",
    "secret": "not taken over: cards, bank accounts and passwords do not belong in a client record",
    "leave out": "left out, as the --map file says",
}  # fmt: skip
"""Where a column can go, as a ``--map`` file names it, and what that means."""

KNOWN: Final = {
    "full name": "nachnamevorname lastnamefirstname lastfirst name fullname clientname patientname customername "
    "guestname displayname contactname namefull "
    "nameoriginal nombrecompleto nomcomplet vollstandigername imieinazwisko nomecompleto",
    "given": "firstname givenname forename forenames first fname given christianname clientfirstname "
    "patientfirstname "
    "guestfirstname customerfirstname prenom vorname nombre nome imie voornaam legalfirstname firstlegalname",
    "middle": "middlename middlenames middle middleinitial mi additionalname secondname drugieimie deuxiemeprenom "
    "zweitername",
    "family": "lastname familyname surname last lname family clientlastname patientlastname guestlastname "
    "customerlastname nom nomdefamille nachname familienname apellido apellidos cognome nazwisko achternaam "
    "sobrenome "
    "legallastname",
    "preferred": "preferredname preferredfirstname nickname knownas preferred goesby callname alias shortname",
    "reading": "phoneticname phoneticfirstname phoneticlastname phoneticmiddlename yominame givennameyomi "
    "familynameyomi additionalnameyomi furigana kana reading pronunciation givenyomi surnameyomi",
    "title": "title salutation nameprefix prefix honorific namentitel anrede civilite tratamiento",
    "suffix": "suffix namesuffix credentials postnominals",
    "born": "gebdatum gebdat fechanac fnac datnaiss birthdate dateofbirth dob birthday birth born bornon "
    "patientdob clientdob guestdob d0b datebirth "
    "datenaissance datedenaissance naissance geburtsdatum geburtstag fechanacimiento fechadenacimiento nacimiento "
    "datadinascita dataurodzenia geboortedatum datadenascimento datanascimento",
    "deceased on": "deceasedat deceasedon deceaseddate dateofdeath deathdate dod deceased",
    "sex": "sex gender sexatbirth biologicalsex birthsex sexassignedatbirth administrativesex legalsex sexe "
    "geschlecht sexo sesso plec geslacht genero",
    "gender": "genderidentity identifyinggender gendertext",
    "pronouns": "pronouns preferredpronouns pronoun pronomen pronoms",
    "email": "email emailaddress emailaddr mail primaryemail personalemail homeemail workemail emailvalue "
    "emailaddressprimary clientemail patientemail guestemail contactemail secondaryemail alternateemail otheremail "
    "courriel correo correoelectronico adresemail adressemail adresseemail emailadresse mailadresse adrese",
    "phone": "phone phonenumber phoneno telephone tel telephonenumber mobile mobilephone mobilenumber mobileno cell "
    "cellphone cellnumber homephone homenumber hometelephone workphone worknumber worktelephone daytimephone "
    "dayphone "
    "eveningphone landline primaryphone otherphone secondaryphone alternatephone contactnumber contactphone "
    "businessphone phonevalue mainphone carphone clientphone patientphone guestphone smsnumber telephonemobile "
    "telefon telefono telefone movil portable handy mobil komorka gsm telefonnummer telefoonnummer numertelefonu "
    "numerodetelephone patientphonenumbers patientphonenumbersnumber mobilephonenumber homephonenumber "
    "workphonenumber",
    "number": "patientnumber patientid patientno clientid clientnumber clientno customerid customernumber customerno "
    "guestid guestcode guestnumber id uniqueid contactid recordnumber recordid mrn medicalrecordnumber chartnumber "
    "chartno chartid accountnumber fileno filenumber ref refno reference referencenumber referenceid oldreferenceid "
    "externalid legacyid membernumber memberid membershipnumber personalhealthnumber phn healthcardnumber healthcard "
    "nhsnumber nhsno medicare medicarenumber medicarereferencenumber dvacardnumber healthnumber barcodeid barcode "
    "clientcode patientcode kundennummer patientennummer numeroclient numerodecliente pesel",
    "address": "address fulladdress homeaddress addressformatted postaladdress mailingaddress residentialaddress "
    "streetaddressfull direccion adresse anschrift indirizzo adres endereco addressfull",
    "address line": "streetaddress street addressline addressline1 addressline2 addressline3 address1 address2 "
    "address3 address4 homestreet homestreet2 homestreet3 addressstreet addressextendedaddress addresspobox "
    "mailingstreet streetname unit apartment apt suite rue strasse calle ulica via straat homeaddresspobox "
    "line1 line2 "
    "mailingaddress1 mailingaddress2 housenumber",
    "city": "city town suburb locality citytown towncity homecity addresscity mailingcity municipality place ville "
    "stadt ort ciudad citta miasto plaats cidade poblacion",
    "state": "state province county region homestate addressregion mailingcounty mailingstate stateprovince "
    "provincestate statecounty prefecture departement bundesland provincia wojewodztwo",
    "postal": "postal postcode postalcode zip zipcode postzip zippostalcode postalzip homepostalcode "
    "addresspostalcode "
    "mailingpostal mailingpostcode eircode pincode codepostal plz postleitzahl codigopostal cap kodpocztowy",
    "country": "country countrycode countryname homecountry homecountryregion addresscountry mailingcountry "
    "countryregion nation pays land pais paese kraj",
    "language": "language preferredlanguage languages primarylanguage spokenlanguage langue sprache idioma "
    "lingua jezyk",
    "occupation": "occupation job jobtitle profession organizationtitle work beruf metier profesion zawod",
    "marital": "maritalstatus marital relationshipstatus familienstand situationfamiliale estadocivil",
    "contact by": "preferredcontactmethod contactmethod preferredcontact contactpreference preferredmethodofcontact "
    "contactby bestwaytocontact",
    "clinical note": "note notes comment comments remarks remark clientnotes patientnotes guestnotes generalnotes "
    "clinicalnotes appointmentnotes medicalnotes medicalhistory medicalconditions conditions medication medications "
    "currentmedications lastformulanotes description bemerkung bemerkungen notizen notas observaciones uwagi notatki "
    "remarques commentaire commentaires opmerkingen additionalnotes additionalinformation treatmentnotes "
    "profilenotes",
    "alert": "medicalalert alert alerts yellowalert allergies allergy medicalalerts warning warnings clinicalalert "
    "allergien alergias alergie precautions contraindications",
    "critical alert": "redalert criticalalert",
    "guardian name": "guardianname guardian parentname parentguardian parentguardianname parent nextofkinguardian "
    "legalguardian responsibleparty",
    "guardian phone": "guardianphone parentphone guardianmobile guardianphonenumber",
    "guardian email": "guardianemail parentemail",
    "guardian note": "guardianrelationship",
    "emergency name": "emergencycontact emergencycontactname emergencycontactinfoname emergencyname icename "
    "nextofkin "
    "nextofkinname ice emergencycontactfullname",
    "emergency phone": "emergencycontactphone emergencycontactinfophone emergencyphone emergencycontactnumber "
    "emergencycontactphonenumber nextofkinphone emergencynumber icephone emergencycontactmobile",
    "emergency email": "emergencycontactemail emergencycontactinfoemail nextofkinemail",
    "emergency note": "emergencycontactrelationship emergencycontactinforelationship emergencyrelationship "
    "nextofkinrelationship emergencycontactrelation",
    "gp name": "familydoctorname familydoctor gpname gp doctor doctorname physician physicianname primaryphysician "
    "primarycarephysician generalpractitioner pcp primarycareprovider hausarzt medecintraitant gpsurgery gppractice",
    "gp phone": "familydoctorphone gpphone doctorphone physicianphone gptelephone",
    "gp email": "familydoctoremail gpemail doctoremail physicianemail",
    "gp note": "gpaddress doctoraddress familydoctoraddress",
    "partner name": "spouse partner partnername spousename",
    "partner phone": "spousephone partnerphone",
    "referrer name": "referringprofessionalname referringdoctor referringphysician referringpractitioner",
    "referrer phone": "referringprofessionalphone referringdoctorphone",
    "referrer email": "referringprofessionalemail referringdoctoremail",
    "pharmacy name": "pharmacy pharmacyname preferredpharmacy",
    "pharmacy phone": "pharmacyphone",
    "insurer name": "insurer insurancecompany insurancename healthinsurer insuranceprovider krankenkasse mutuelle",
    "insurer note": "policynumber insurancenumber insurancepolicynumber insurancememberid",
    "aside": "membersince faxphone fax referralsource referredto referredby employer dischargedat activeinactive "
    "active status timezone createdat updatedat archivedat mergedat deletedat invoicedefaultto invoiceemail "
    "invoiceextrainformation appointmentgenderpreference creationdate firstappointmentdate iscompany isprospect "
    "membershipicon mobileprovider lastmodifieddatetime prospectstage accountbalance workextension photourl photo "
    "label labels source owner avatar isactive location locationname category categories group groupmembership tags "
    "company organizationname organizationdepartment department leadsource basecenter center centername "
    "guestcreationdate "
    "lastvisit lastvisitdate lastappointment lastappointmentdate nextappointment totalspent totalvisits visits "
    "balance "
    "loyaltypoints anniversary anniversarydate nationality username emailtype emaillabel phonetype phonelabel "
    "addresstype addresslabel emaildisplayname initials hobby fileas billinginformation ssn socialsecuritynumber "
    "governmentidnumber passportnumber driverslicense drivinglicence createddate created updated modified "
    "websitevalue webpage homefax businessfax otherfax workfax businessstreet businesscity businessstate "
    "businesspostalcode businesscountryregion otherstreet othercity otherstate otherpostalcode othercountryregion "
    "hearaboutus howdidyouhearaboutus howdidyouhear primaryemployee preferredtherapist preferredstaff practitioner",
}  # fmt: skip

CONSENT: Final = (
    r"\bopt(ed)? ?-?(in|out)\b|marketing|newsletter|promotion|mailing ?list|subscri|receives? |accepts? |accepted |"
    r"send (account|promotional|schedule)|consent|gdpr|privacy policy|liability release|remind|do not "
    r"(contact|call|mail|"
    r"email)|can (email|text|call)|communication preference|allow (sms|email|text)|sms reminders?|email reminders?|"
    r"transactional|einwilligung|consentement|zgoda|werbung"
)
"""A column whose name says this holds somebody's permission, given to another practice or program."""

LOCKED_OUT: Final = (
    r"passw|credit ?card|debit ?card|card (number|no|expir|holder|type)|\bcvv?\d?\b|\bcvc\b|\biban\b|bank|sort "
    r"code|routing|"
    r"account no\b|\bpin\b|secret|stripe|token"
)
"""A column that must not come into a client record at all."""

SYSTEMS: Final = {
    "Jane": "patientnumber personalhealthnumber identifyinggender familydoctorname activeinactive membersince "
    "faxphone",
    "Cliniko": "patientid preferredfirstname dvacardnumber acceptedprivacypolicy oldreferenceid "
    "invoicedefaultto postcode "
    "acceptsemailmarketing remindertype",
    "Mindbody": "uniqueid liabilityrelease prospectstage yellowalert redalert appointmentgenderpreference "
    "addressline1 "
    "sendpromotionalemails emergencycontactinfoname",
    "Pabau": "salutation optinemail optinsms optinphone optinpost optinnewsletter mailingstreet mailingpostal "
    "mailingcity "
    "mailingcounty mailingcountry locationname isactive",
    "Zenoti": "guestcode guestid guestname receivemarketingemail receivemarketingsms receivetransactionalemail "
    "basecenter "
    "receivetransactionalsms guestcreationdate",
    "Aestheticc": "firstname lastname email phone dateofbirth address notes",
    "Reservation Studio": "firstname lastname phonenumber email birthdate gender city address note",
    "Schedulista": "firstname lastname email phone",
    "Google Contacts": "email1value phone1value nameprefix namesuffix groupmembership yominame additionalname fileas "
    "email1type email1label phone1label phone1type phoneticfirstname labels organizationname",
    "Outlook": "emailaddress emaildisplayname homestreet businessphone mobilephone homecountryregion businessstreet "
    "anniversary homepostalcode assistantsname companymainphone",
}
"""Column names by which an export is recognised."""

ONLY_WHOLE: Final = ("Aestheticc", "Reservation Studio", "Schedulista")
"""Exports made of words that everybody uses: recognised only when nothing is missing and nothing else is there."""
