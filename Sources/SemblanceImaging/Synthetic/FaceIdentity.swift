import SemblanceCore

/// A colour with components from 0 to 1.
typealias FaceColor = SIMD3<Float>

/// What stays the same in all photos of a synthetic person. Lengths are in half head heights, around the middle of the head.
struct FaceIdentity: Sendable {
    enum Hair: CaseIterable, Sendable { case bald, short, parted, fringe, curly, long }
    enum Beard: Sendable { case none, stubble, full, moustache, goatee }
    enum Glasses: Sendable { case none, round, square }

    var skin: FaceColor
    var headWidth: Float
    /// Positive for a broad jaw, negative for a pointed chin.
    var jaw: Float
    var earSize: Float

    var hair: Hair
    var hairColor: FaceColor
    /// Height of the hairline.
    var hairline: Float
    var hairVolume: Float
    /// Where the hair parts, and to which side it falls.
    var parting: Float

    var eyeHeight: Float
    var eyeSpacing: Float
    var eyeSize: SIMD2<Float>
    var eyeTilt: Float
    var iris: FaceColor
    var irisSize: Float

    var browDistance: Float
    var browThickness: Float
    var browTilt: Float
    var browCurve: Float
    var browColor: FaceColor

    var noseLength: Float
    var noseWidth: Float
    var mouthHeight: Float
    var mouthWidth: Float
    var upperLip: Float
    var lowerLip: Float
    var lipColor: FaceColor

    var beard: Beard
    var glasses: Glasses
    var frameColor: FaceColor
    var cheekColor: Float
    /// Freckles and moles: position, radius.
    var spots: [SIMD3<Float>]

    init(_ random: inout RandomSource) {
        func pick<Element>(_ choices: [Element]) -> Element {
            choices[Int.random(in: 0..<choices.count, using: &random)]
        }
        func color(_ choices: [FaceColor], variation: Float = 0.06) -> FaceColor {
            let offset =
                FaceColor(
                    random.uniform(-1...1), random.uniform(-1...1), random.uniform(-1...1)) * variation
            return (pick(choices) + offset).clamped(lowerBound: .zero, upperBound: .one)
        }

        let skinTone = color(
            [
                [0.97, 0.83, 0.73], [0.93, 0.76, 0.63], [0.86, 0.67, 0.52], [0.74, 0.55, 0.41],
                [0.58, 0.41, 0.30],
                [0.42, 0.29, 0.22],
            ], variation: 0.03)
        skin = skinTone
        headWidth = random.uniform(0.68...0.86)
        jaw = random.uniform(-0.24...0.16)
        earSize = random.uniform(0.12...0.22)

        hair = pick(Hair.allCases + [.short, .parted, .long])
        hairColor = color([
            [0.10, 0.08, 0.08], [0.24, 0.15, 0.10], [0.42, 0.27, 0.16], [0.70, 0.53, 0.30],
            [0.58, 0.26, 0.12],
            [0.62, 0.61, 0.60],
        ])
        hairline = random.uniform(-0.72 ... -0.48)
        hairVolume = random.uniform(0.03...0.17)
        parting = random.uniform(-0.45...0.45)

        eyeHeight = random.uniform(-0.22 ... -0.08)
        eyeSpacing = random.uniform(0.27...0.38)
        eyeSize = [random.uniform(0.125...0.18), random.uniform(0.06...0.105)]
        eyeTilt = random.uniform(-0.22...0.22)
        iris = color([[0.25, 0.15, 0.08], [0.42, 0.28, 0.14], [0.30, 0.45, 0.62], [0.32, 0.48, 0.32]])
        irisSize = random.uniform(0.055...0.078)

        browDistance = random.uniform(0.15...0.25)
        browThickness = random.uniform(0.016...0.05)
        browTilt = random.uniform(-0.28...0.22)
        browCurve = random.uniform(0...2.2)
        browColor = hairColor * random.uniform(0.5...0.95)

        noseLength = random.uniform(0.28...0.46)
        noseWidth = random.uniform(0.085...0.17)
        mouthHeight = random.uniform(0.46...0.60)
        mouthWidth = random.uniform(0.2...0.34)
        upperLip = random.uniform(0.02...0.06)
        lowerLip = random.uniform(0.03...0.085)
        lipColor =
            skinTone
            * color([[0.86, 0.58, 0.56], [0.92, 0.66, 0.62], [0.80, 0.45, 0.48]], variation: 0.04)

        beard = pick([.none, .none, .none, .none, .stubble, .full, .moustache, .goatee])
        glasses = pick([.none, .none, .none, .round, .square])
        frameColor = color([
            [0.08, 0.08, 0.10], [0.35, 0.20, 0.12], [0.55, 0.12, 0.15], [0.15, 0.22, 0.45],
        ])
        cheekColor = random.uniform(0...0.5)
        let spotCount = pick([0, 0, 1, 1, 2, 22])
        spots = (0..<spotCount).map { _ in
            let side: Float = Bool.random(using: &random) ? 1 : -1
            let radius = spotCount > 5 ? random.uniform(0.009...0.017) : random.uniform(0.02...0.034)
            return [side * random.uniform(0.08...0.5), random.uniform(-0.05...0.6), radius]
        }
    }
}
