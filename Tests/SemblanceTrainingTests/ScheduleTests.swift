import Foundation
import SemblanceTraining
import Testing

@Suite struct ScheduleTests {
    @Test func warmUpIsLinearAndEndsAtTheBaseRate() {
        for schedule in [Schedule.constant, .cosine(floor: 0), .polynomial(power: 2)] {
            let factors = (0..<10).map { schedule.factor(step: $0, of: 100, warmUp: 10) }
            #expect(factors == (1...10).map { Double($0) / 10 })
            #expect(schedule.factor(step: 10, of: 100, warmUp: 10) == 1)
        }
    }

    @Test func closedForms() {
        for step in 0..<200 {
            let t = Double(step) / 200
            #expect(Schedule.constant.factor(step: step, of: 200) == 1)
            let cosine = 0.1 + 0.9 * pow(cos(.pi * t / 2), 2)
            #expect(abs(Schedule.cosine(floor: 0.1).factor(step: step, of: 200) - cosine) < 1e-12)
            let square = (1 - t) * (1 - t)
            #expect(abs(Schedule.polynomial(power: 2).factor(step: step, of: 200) - square) < 1e-12)
            let stairs = step < 100 ? 1 : step < 150 ? 0.1 : 0.01
            let schedule = Schedule.step(milestones: [0.5, 0.75], factor: 0.1)
            #expect(abs(schedule.factor(step: step, of: 200) - stairs) < 1e-12)
        }
    }

    @Test func warmUpShortensTheRestOfTheRun() {
        let schedule = Schedule.polynomial(power: 1)
        #expect(abs(schedule.factor(step: 60, of: 110, warmUp: 10) - 0.5) < 1e-12)
        // A run that is all warm-up stays finite.
        #expect(schedule.factor(step: 9, of: 10, warmUp: 10) == 1)
    }
}
