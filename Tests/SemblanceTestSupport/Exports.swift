// The table of cases, the reference and the tolerances, which the program itself uses too.
@_exported import SemblanceVerification
