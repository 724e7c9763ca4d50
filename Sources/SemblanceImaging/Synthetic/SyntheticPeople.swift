import Glibc
import SemblanceCore

/// People who do not exist: cartoon faces with a fixed identity and with pose, light, expression and surroundings that differ from
/// photo to photo. For demonstrations and tests where no photographs are at hand.
///
/// Everything follows from the seed: the same person and photo give the same pixels.
package struct SyntheticPeople: Sendable {
    package let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    /// Photo number `photo` of person number `person`, RGB, `size` pixels square.
    package func render(person: Int, photo: Int, size: Int) -> Image {
        precondition(size > 0)
        var personal = RandomSource(seed: seed, stream: UInt64(bitPattern: Int64(person)))
        let photos = personal.next()
        let identity = FaceIdentity(&personal)
        var random = RandomSource(seed: photos, stream: UInt64(bitPattern: Int64(photo)))
        let conditions = FaceConditions(&random)
        var painter = FacePainter(identity: identity, conditions: conditions, size: size)
        painter.paint()
        painter.expose()
        return painter.canvas.image(noise: conditions.noise, random: &random)
    }
}
