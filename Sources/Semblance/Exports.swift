// What the library's own declarations mention: errors, devices, images, training, gallery files.
@_exported import SemblanceCore
@_exported import SemblanceGallery
@_exported import SemblanceImaging
@_exported import SemblanceTraining
