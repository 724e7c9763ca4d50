import Glibc

/// Paints a face from back to front.
struct FacePainter {
    let identity: FaceIdentity
    let conditions: FaceConditions
    var canvas: FaceCanvas

    init(identity: FaceIdentity, conditions: FaceConditions, size: Int) {
        self.identity = identity
        self.conditions = conditions
        canvas = FaceCanvas(
            size: size, scale: conditions.scale, shift: conditions.shift,
            cosine: cos(conditions.rotation), sine: sin(conditions.rotation))
    }

    mutating func paint() {
        paintBackground()
        paintHairBehind()
        paintShoulders()
        paintHead()
        paintSkinDetails()
        paintBeard()
        paintEyes()
        paintNose()
        paintMouth()
        paintHair()
        paintBrows()
        paintGlasses()
        paintOcclusion()
    }

    /// A point of the face's surface, moved by the turn of the head: what stands out moves further.
    private func turned(_ x: Float, _ y: Float, depth: Float = 1) -> SIMD2<Float> {
        SIMD2(x, y) + conditions.turn * depth
    }

    /// To the outline of the head, grown by `margin`.
    @inline(__always)
    private func headDistance(_ point: SIMD2<Float>, margin: Float = 0) -> Float {
        let lower = min(max(point.y, 0), 1)
        let width = (identity.headWidth + margin) * (1 + identity.jaw * lower)
        return ellipseDistance(point, SIMD2(width, 1 + margin))
    }

    private mutating func paintBackground() {
        let (first, second) = conditions.background
        let direction = conditions.backgroundDirection * 0.4
        canvas.map { point, _ in
            let mix = min(max(0.5 + (point * direction).sum(), 0), 1)
            return first + mix * (second - first)
        }
    }

    private mutating func paintHairBehind() {
        guard identity.hair == .long || identity.hair == .curly else { return }
        let long = identity.hair == .long
        let radii = SIMD2(identity.headWidth + identity.hairVolume + 0.06, long ? 1.25 : 0.85)
        canvas.ellipse(SIMD2(0, long ? 0.22 : -0.25), radii, identity.hairColor * 0.8)
    }

    private mutating func paintShoulders() {
        let neck = identity.skin * 0.82
        canvas.ellipse(SIMD2(0, 1.1), SIMD2(0.36, 0.5), neck)
        canvas.ellipse(SIMD2(0, 1.85), SIMD2(1.25, 0.68), conditions.clothes)
    }

    private mutating func paintHead() {
        let (skin, ear) = (identity.skin, identity.earSize)
        for side: Float in [-1, 1] {
            let center = SIMD2(side * (identity.headWidth + 0.02), 0) - conditions.turn * 0.4
            canvas.ellipse(center, SIMD2(ear * 0.62, ear), skin * 0.9)
            canvas.ellipse(center, SIMD2(ear * 0.32, ear * 0.6), skin * 0.74)
        }
        let painter = self
        canvas.paint(.zero, reach: SIMD2(1.05, 1.02)) { point in
            painter.headDistance(point)
        } color: { point in
            // Darker towards the outline, as anything round is.
            let edge = min(max(-painter.headDistance(point) * 4, 0), 1)
            return skin * (0.86 + 0.14 * edge)
        }
    }

    private mutating func paintSkinDetails() {
        let blush = identity.skin * SIMD3(1, 0.72, 0.7)
        for side: Float in [-1, 1] {
            canvas.ellipse(
                turned(side * 0.42, 0.25), SIMD2(0.2, 0.14), blush, opacity: identity.cheekColor,
                softness: 0.12)
        }
        for spot in identity.spots {
            canvas.ellipse(
                turned(spot.x, spot.y), SIMD2(repeating: spot.z), identity.skin * 0.55, opacity: 0.85)
        }
    }

    private mutating func paintBeard() {
        let color = identity.hairColor * 0.9
        let mouth = turned(0, identity.mouthHeight)
        let painter = self
        switch identity.beard {
        case .none: break
        case .stubble, .full:
            let top = mouth.y - (identity.beard == .full ? 0.14 : 0.18)
            canvas.paint(
                SIMD2(0, 0.6), reach: SIMD2(1, 0.6), opacity: identity.beard == .full ? 0.92 : 0.3,
                softness: 0.03
            ) { point in
                // Higher at the cheeks' outer parts.
                let x = point.x - mouth.x
                let edge = top - 0.55 * x * x - point.y
                return max(edge, painter.headDistance(point))
            } color: { _ in
                color
            }
        case .moustache:
            canvas.stroke(
                mouth - SIMD2(0, identity.upperLip + 0.045), halfWidth: identity.mouthWidth * 0.95,
                thickness: 0.05,
                bend: 0.7, color)
        case .goatee:
            canvas.ellipse(mouth + SIMD2(0, 0.24), SIMD2(0.18, 0.2), color, opacity: 0.9, softness: 0.03)
        }
    }

    private mutating func paintEyes() {
        let size = identity.eyeSize * SIMD2(1, conditions.eyeOpening)
        for side: Float in [-1, 1] {
            // The far eye looks narrower when the head is turned.
            let narrowing = 1 - side * conditions.turn.x * 0.9
            let center = turned(side * identity.eyeSpacing, identity.eyeHeight)
            let radii = size * SIMD2(narrowing, 1)
            let tilt = side * identity.eyeTilt
            canvas.ellipse(center, radii * 1.35 + 0.02, identity.skin * 0.78, opacity: 0.5, softness: 0.05)
            canvas.ellipse(center, radii, SIMD3(0.96, 0.95, 0.94), tilt: tilt)
            let look = center + conditions.gaze
            let (iris, pupil) = (identity.iris, identity.irisSize)
            canvas.paint(look, reach: SIMD2(repeating: pupil)) { point in
                let offset = point - center
                let lids = ellipseDistance(SIMD2(offset.x, offset.y + tilt * offset.x), radii)
                let away = point - look
                return max((away * away).sum().squareRoot() - pupil, lids)
            } color: { point in
                let away = point - look
                let distance = (away * away).sum().squareRoot() / pupil
                return distance < 0.45 ? SIMD3(repeating: 0.05) : iris * (1.15 - 0.4 * distance)
            }
            if conditions.eyeOpening > 0.5 {
                canvas.ellipse(look + SIMD2(-0.02, -0.025), SIMD2(repeating: 0.014), SIMD3(repeating: 1))
            }
            // The upper lid.
            canvas.stroke(
                center - SIMD2(0, radii.y), halfWidth: radii.x * 1.05, thickness: 0.02,
                bend: radii.y / (radii.x * radii.x) * 0.75, tilt: tilt, identity.skin * 0.3)
        }
    }

    private mutating func paintBrows() {
        for side: Float in [-1, 1] {
            let center = turned(
                side * (identity.eyeSpacing + 0.01),
                identity.eyeHeight - identity.browDistance - conditions.browRaise)
            canvas.stroke(
                center, halfWidth: identity.eyeSize.x * 1.25, thickness: identity.browThickness,
                bend: identity.browCurve, tilt: side * (identity.browTilt - conditions.browRaise),
                identity.browColor)
        }
    }

    private mutating func paintNose() {
        let tip = turned(0, identity.eyeHeight + identity.noseLength, depth: 1.6)
        let (shade, width) = (identity.skin * 0.72, identity.noseWidth)
        // The bridge's shadow falls away from the light.
        let side: Float = conditions.light.x > 0 ? -1 : 1
        canvas.ellipse(
            tip + SIMD2(side * width * 0.55, -identity.noseLength * 0.45),
            SIMD2(width * 0.3, identity.noseLength * 0.5), shade, opacity: 0.5, softness: 0.05)
        canvas.ellipse(tip, SIMD2(width, width * 0.72), identity.skin * 1.04, softness: 0.02)
        canvas.stroke(
            tip + SIMD2(0, width * 0.7), halfWidth: width, thickness: 0.018, bend: -2.2, identity.skin * 0.58)
        for side: Float in [-1, 1] {
            canvas.ellipse(
                tip + SIMD2(side * width * 0.5, width * 0.55), SIMD2(width * 0.24, 0.022),
                identity.skin * 0.36)
        }
    }

    private mutating func paintMouth() {
        let width = identity.mouthWidth * (1 + 0.18 * conditions.smile)
        let open = conditions.mouthOpening
        let center = turned(0, identity.mouthHeight, depth: 1.15)
        // A smile lifts the corners: the parabola opens upwards.
        let bend = -conditions.smile * 0.08 / (width * width)
        let lip = identity.lipColor
        let (upper, lower) = (identity.upperLip, identity.lowerLip)
        canvas.stroke(
            center + SIMD2(0, open * 0.5 + lower * 0.6), halfWidth: width * 0.8, thickness: lower * 0.8,
            bend: bend - open, taper: 0.8, lip * 1.05)
        canvas.stroke(
            center - SIMD2(0, open * 0.5 + upper * 0.5), halfWidth: width * 0.92, thickness: upper * 0.8,
            bend: bend + open, taper: 0.8, lip * 0.92)
        if open > 0.03 {
            canvas.stroke(
                center, halfWidth: width * 0.75, thickness: open * 0.55, bend: bend, taper: 0.9,
                SIMD3(0.25, 0.08, 0.09))
            canvas.stroke(
                center - SIMD2(0, open * 0.22), halfWidth: width * 0.6, thickness: open * 0.2, bend: bend,
                taper: 0.9,
                SIMD3(0.95, 0.94, 0.9))
        } else {
            canvas.stroke(center, halfWidth: width, thickness: 0.017, bend: bend, identity.skin * 0.3)
        }
    }

    private mutating func paintHair() {
        guard identity.hair != .bald else { return }
        let (style, volume, line, part) = (
            identity.hair, identity.hairVolume, identity.hairline, identity.parting
        )
        let color = identity.hairColor
        let painter = self
        let move = conditions.turn * 0.5
        canvas.paint(SIMD2(0, -0.45), reach: SIMD2(1.2, 0.85)) { point in
            let x = point.x - move.x
            let wave = style == .curly ? 0.05 * cos(14 * x) * cos(11 * point.y) : 0
            let outline = painter.headDistance(point, margin: volume) + wave
            // Below this height is face.
            let limit: Float =
                switch style {
                case .bald, .short: line + 0.35 * x * x
                case .parted: line - 0.1 + 0.75 * abs(x - part) * (x > part ? 0.9 : 0.5)
                case .fringe: line + 0.2 + 0.06 * cos(26 * x)
                case .curly: line + 0.05 + 0.5 * x * x + 0.04 * cos(19 * x)
                case .long: line - 0.05 + 1.5 * (x - part * 0.4) * (x - part * 0.4)
                }
            let face = move.y + limit - point.y
            return max(outline, -face)
        } color: { point in
            // Strands, and a highlight near the top.
            let strand = 0.06 * cos(38 * (point.x - move.x) + 6 * point.y)
            let gloss = 0.18 * max(0, 1 - abs(point.y + 0.85) * 5)
            return color * (0.95 + strand + gloss)
        }
    }

    private mutating func paintGlasses() {
        guard identity.glasses != .none else { return }
        let isRound = identity.glasses == .round
        let color = identity.frameColor
        let half = isRound ? SIMD2<Float>(0.21, 0.21) : SIMD2<Float>(0.235, 0.165)
        for side: Float in [-1, 1] {
            let center = turned(side * (identity.eyeSpacing + 0.01), identity.eyeHeight + 0.02, depth: 1.3)
            canvas.paint(center, reach: half + 0.05) { point in
                let offset = point - center
                if isRound { return abs((offset * offset).sum().squareRoot() - half.x) - 0.017 }
                let corner: Float = 0.06
                let excess = SIMD2(abs(offset.x), abs(offset.y)) - half + corner
                let outside = pointwiseMax(excess, .zero)
                let rim = (outside * outside).sum().squareRoot() + min(max(excess.x, excess.y), 0) - corner
                return abs(rim) - 0.02
            } color: { _ in
                color
            }
            // The temple.
            let rim = center.x + side * half.x
            let ear = side * identity.headWidth
            canvas.stroke(
                SIMD2((rim + ear) / 2, center.y - 0.04), halfWidth: max(abs(ear - rim) / 2, 0.01),
                thickness: 0.015,
                taper: 0, color)
        }
        let bridge = turned(0, identity.eyeHeight, depth: 1.3)
        canvas.stroke(
            bridge, halfWidth: max(identity.eyeSpacing + 0.01 - half.x, 0.02), thickness: 0.016, bend: 1,
            taper: 0,
            color)
    }

    private mutating func paintOcclusion() {
        let place = conditions.occlusionPlace
        switch conditions.occlusion {
        case .none: break
        case .hand:
            let center = SIMD2(place.x > 0 ? 0.62 : -0.62, 0.35 + 0.4 * place.y)
            canvas.ellipse(center, SIMD2(0.26, 0.34), identity.skin * 0.93, tilt: place.x * 0.4)
        case .scarf:
            let color = conditions.occlusionColor
            canvas.paint(SIMD2(0, 1), reach: SIMD2(1.3, 0.7)) { point in
                0.62 + 0.1 * place.y + 0.1 * point.x * place.x - point.y
            } color: { point in
                color * (0.9 + 0.1 * cos(25 * point.y))
            }
        case .bar:
            let color = conditions.occlusionColor
            canvas.paint(SIMD2(place.x * 0.8, 0), reach: SIMD2(0.2, 1.6)) { point in
                abs(point.x - place.x * 0.8 - 0.2 * place.y * point.y) - 0.09
            } color: { _ in
                color
            }
        }
    }

    /// Light, exposure, contrast and the lens.
    mutating func expose() {
        let (light, strength) = (conditions.light, conditions.lightStrength)
        let gain = conditions.tint * conditions.exposure
        let contrast = conditions.contrast
        canvas.map { point, color in
            // The head is a ball, the rest of the scene flat.
            let normal = point.clamped(lowerBound: SIMD2(-1, -1), upperBound: SIMD2(1, 1))
            let shade = 1 + strength * (normal * light).sum() - 0.25 * strength
            let lit = color * gain * max(shade, 0.15)
            return (lit - 0.5) * contrast + 0.5
        }
        // A pass adds half a pixel's variance, so that the number of passes goes with the square of the size.
        var amount = conditions.blur * Float(canvas.size * canvas.size) / (112 * 112)
        while amount > 0.05 {
            canvas.blur(min(amount, 1))
            amount -= 1
        }
    }
}
