// What the library's own declarations mention: errors, devices, images, training.
@_exported import SemblanceCore
@_exported import SemblanceImaging
@_exported import SemblanceTraining
