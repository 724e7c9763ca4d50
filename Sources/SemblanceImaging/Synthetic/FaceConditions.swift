import SemblanceCore

/// What differs from photo to photo of the same synthetic person.
struct FaceConditions: Sendable {
    enum Occlusion: Sendable { case none, hand, scarf, bar }

    /// Radians.
    var rotation: Float
    var scale: Float
    /// In half head heights.
    var shift: SIMD2<Float>
    /// How far the head is turned: features move against the outline.
    var turn: SIMD2<Float>

    /// Towards the light, in the image's plane.
    var light: SIMD2<Float>
    var lightStrength: Float
    var exposure: Float
    var tint: FaceColor
    var contrast: Float

    /// -1 for a frown to 1 for a grin.
    var smile: Float
    var mouthOpening: Float
    var browRaise: Float
    /// 0 for closed eyes to 1.
    var eyeOpening: Float
    var gaze: SIMD2<Float>

    /// Passes of a small binomial filter, relative to an image of 112 pixels.
    var blur: Float
    var noise: Float
    var background: (FaceColor, FaceColor)
    var backgroundDirection: SIMD2<Float>
    var clothes: FaceColor
    var occlusion: Occlusion
    var occlusionPlace: SIMD2<Float>
    var occlusionColor: FaceColor

    init(_ random: inout RandomSource) {
        func color(_ range: ClosedRange<Float> = 0.25...0.72) -> FaceColor {
            [random.uniform(range), random.uniform(range), random.uniform(range)]
        }
        func direction() -> SIMD2<Float> { [random.uniform(-1...1), random.uniform(-1...1)] }

        rotation = 0.045 * random.normal()
        scale = random.uniform(0.95...1.06)
        shift = [0.02 * random.normal(), 0.02 * random.normal()]
        turn = [random.uniform(-0.08...0.08), random.uniform(-0.04...0.04)]

        light = direction()
        lightStrength = random.uniform(0...0.3)
        exposure = random.uniform(0.82...1.15)
        tint = [random.uniform(0.92...1.08), 1, random.uniform(0.9...1.08)]
        contrast = random.uniform(0.8...1.15)

        smile = random.uniform(-0.5...1)
        mouthOpening = max(0, random.uniform(-0.2...0.16))
        browRaise = random.uniform(-0.03...0.07)
        eyeOpening = random.uniform(0...1) < 0.06 ? 0.1 : random.uniform(0.7...1.1)
        gaze = direction() * SIMD2(0.03, 0.012)

        blur = random.uniform(0...1) < 0.5 ? 0 : random.uniform(0...4)
        noise = random.uniform(0...0.04)
        background = (color(), color())
        backgroundDirection = direction()
        clothes = color()
        let chance = random.uniform()
        occlusion = chance < 0.05 ? .hand : chance < 0.09 ? .scarf : chance < 0.13 ? .bar : .none
        occlusionPlace = direction()
        occlusionColor = color()
    }
}
