import SemblanceCore
import SemblanceTraining
import Testing

@Suite struct SamplingTests {
    @Test func quotasFollowTheSquareRoot() {
        let counts = [1, 4, 100, 10_000, 400]
        let sampler = BalancedSampler(counts: counts, seed: 1)
        let total = counts.reduce(0, +)
        let sum = counts.reduce(0) { $0 + Double($1).squareRoot() }
        for (count, quota) in zip(counts, sampler.quotas) {
            #expect(abs(Double(quota) - Double(total) * Double(count).squareRoot() / sum) <= 1)
        }
        #expect(sampler.quotas.reduce(0, +) == total)
        // Equal people are visited equally, each image once.
        #expect(BalancedSampler(counts: [10, 10, 10], seed: 1).quotas == [10, 10, 10])
    }

    @Test func epochsHoldTheQuotasAndTakeTurns() {
        let counts = [3, 50, 7, 1]
        let sampler = BalancedSampler(counts: counts, seed: 9)
        let batch = 8
        let samples = sampler.samples(epoch: 2, batch: batch)
        #expect(samples.count == sampler.stepCount(batch: batch) * batch)
        let epoch = samples.prefix(sampler.quotas.reduce(0, +))
        for (label, count) in counts.enumerated() {
            let visits = epoch.filter { $0.label == label }
            #expect(visits.count == sampler.quotas[label])
            var times = [Int](repeating: 0, count: count)
            for visit in visits { times[visit.image] += 1 }
            // Nobody's image is seen twice more than another of theirs.
            #expect((times.max() ?? 0) - (times.min() ?? 0) <= 1)
        }
        // The last batch is filled from the beginning.
        #expect(Array(samples.dropFirst(epoch.count)) == Array(samples.prefix(samples.count - epoch.count)))
    }

    @Test func orderDependsOnSeedAndEpochAlone() {
        let counts = [5, 6, 7]
        let first = BalancedSampler(counts: counts, seed: 4)
        #expect(
            first.samples(epoch: 3, batch: 4)
                == BalancedSampler(counts: counts, seed: 4).samples(epoch: 3, batch: 4))
        #expect(first.samples(epoch: 3, batch: 4) != first.samples(epoch: 4, batch: 4))
        #expect(
            first.samples(epoch: 3, batch: 4)
                != BalancedSampler(counts: counts, seed: 5).samples(epoch: 3, batch: 4))
    }

    @Test func aBatchMayBeLargerThanTheDataSet() {
        let samples = BalancedSampler(counts: [1, 2], seed: 1).samples(epoch: 0, batch: 10)
        #expect(samples.count == 10)
    }
}

@Suite struct IdentitySplitTests {
    @Test(arguments: [6, 7, 20, 40]) func peopleAreOnOneSideOnly(count: Int) throws {
        let files = try PatternFolder(counts: [Int](repeating: 2, count: count), size: 2)
        let folder = try files.folder()
        for seed in UInt64(0)..<5 {
            let split = IdentitySplit(folder, fraction: 0.2, seed: seed)
            #expect(Set(split.training).isDisjoint(with: split.heldOut))
            #expect(Set(split.training).union(split.heldOut) == Set(folder.people.indices))
            #expect(split.heldOut.count == max(2, Int((0.2 * Double(count)).rounded())))
            #expect(split.reason == nil)
        }
        let splits = Set((UInt64(0)..<8).map { IdentitySplit(folder, fraction: 0.2, seed: $0).heldOut })
        #expect(splits.count > 1)
    }

    @Test func holdsNobodyOutWhereThatWouldProveNothing() throws {
        let few = try PatternFolder(counts: [4, 4, 4, 4, 4], size: 2)
        let fewSplit = IdentitySplit(try few.folder(), fraction: 0.2, seed: 1)
        #expect(fewSplit.heldOut.isEmpty && fewSplit.training == [0, 1, 2, 3, 4])
        #expect(fewSplit.reason?.contains("5 people are too few") == true)
        let singles = try PatternFolder(counts: [1, 1, 1, 1, 1, 1, 1, 3], size: 2)
        let split = IdentitySplit(try singles.folder(), fraction: 0.2, seed: 1)
        #expect(split.heldOut.isEmpty)
        #expect(split.reason?.contains("more than one image") == true)
    }

    @Test func pairsAreAllPairsOrASample() throws {
        let files = try PatternFolder(counts: [3, 4, 2, 5], size: 2)
        let folder = try files.folder()
        let all = VerificationPairs(folder, people: [0, 1, 3], seed: 1)
        #expect(all.paths.count == 12)
        #expect(all.genuine.count == 3 + 6 + 10)
        #expect(all.impostor.count == 12 * 11 / 2 - 19)
        for limit in [5, 20] {
            let some = VerificationPairs(
                folder, people: [0, 1, 3], seed: 1, genuineLimit: 7, impostorLimit: limit)
            #expect(some.genuine.count == 7 && some.impostor.count == limit)
            #expect(Set(some.impostor).count == limit)
            #expect(some.genuine.allSatisfy { some.people[$0.first] == some.people[$0.second] })
            #expect(some.impostor.allSatisfy { some.people[$0.first] != some.people[$0.second] })
        }
        #expect(VerificationPairs(folder, people: [0, 3], seed: 1, imagesPerPerson: 2).paths.count == 4)
    }
}
