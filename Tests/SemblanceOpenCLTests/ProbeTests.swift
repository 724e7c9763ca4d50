import SemblanceCore
import SemblanceOpenCL
import Testing

/// The probe of a driver, on whatever device there is. Warps' instructions are NVIDIA's: elsewhere their emulation takes their place, so that the programs, the
/// fragments' indices and the host's comparison are tried all the same.
@Suite(.needsOpenCL) struct ProbeTests {
    private func items(_ faults: FaultInjection = FaultInjection(), emulatesWarps: Bool = false) throws
        -> [ProbeItem]
    {
        var items: [ProbeItem] = []
        DriverProbe(try TestDevice.device(), faults: faults, emulatesWarps: emulatesWarps).run {
            items.append($0)
        }
        return items
    }

    @Test func everyItemIsAnsweredAndNothingIsWrong() throws {
        let device = try TestDevice.device(), items = try items()
        #expect(
            items.count == ProbeTrial.all.count && Set(items.map { $0.group + $0.name }).count == items.count)
        for item in items {
            switch item.outcome {
            case .correct, .refused: break
            case .told, .notOffered: #expect(!item.detail.isEmpty, "\(item)")
            case .measured:
                #expect(
                    !item.figures.isEmpty && item.figures.allSatisfy { $0.value > 0 && $0.value.isFinite },
                    "\(item)")
            case .wrong, .failed: Issue.record("\(item)")
            }
            if item.group == ProbeTrial.instructionGroup, !device.isNVIDIA {
                #expect(item.outcome == .notOffered && item.detail.contains(device.device.platform))
            }
        }
        #expect(items.first { $0.name.hasPrefix("vload_half") }?.outcome == .correct)
        #expect(
            items.first { $0.name == "16 KiB, as an argument" || $0.name == "48 KiB, as an argument" } != nil)
    }

    @Test func emulatedWarpsComputeWhatInstructionsShould() throws {
        let device = try TestDevice.device()
        for instruction in WarpInstruction.allCases {
            let item = DriverProbe(device, emulatesWarps: true).item(instruction.trial)
            #expect(item.outcome == .correct, "\(item)")
        }
    }

    /// A program that computes something else: text that the preprocessor reads before a kernel file, and the items that must notice.
    @Test(arguments: [
        (
            "probeInstructions", "#define multiply_half(a, b, c, e) multiply_half((a).yxzw, b, c, e)",
            "m16n8k16 f16"
        ),
        ("probeInstructions", "#define multiply_bfloat(a, b, c, e) multiply_bfloat(a, (b).yx, c, e)", "bf16"),
        (
            "probeInstructions", "#define multiply_tf32(a, b, c, e) multiply_tf32((a).xzyw, b, c, e)",
            "tf32 -> f32"
        ),
        (
            "probeInstructions",
            "#undef load_matrices\n#define load_matrices(t, r, e) loaded_matrices(t, r, true, e)",
            "ldmatrix x4"
        ),
        (
            "probeInstructions",
            "#undef load_transposed\n#define load_transposed(t, r, e) loaded_matrices(t, r, false, e)",
            "x4 trans"
        ),
        ("probeInstructions", "#define copy_16(to, from, some) copy_16(to, x, some)", "16 bytes"),
        ("probeInstructions", "#define copy_4(to, from, some) copy_4(to, from, true)", "4 bytes"),
        ("probeInstructions", "#define round_tf32(value) as_uint(value)", "cvt"),
        ("probe", "#define vload_half(i, p) 0.5f", "vload_half"),
        ("probe", "#define get_group_id(d) 0", "16 KiB, as an argument"),
        ("probe", "#define get_global_id(d) 0", "by a kernel"),
    ])
    func wrongResultsAreReported(file: String, insertion: String, name: String) throws {
        var faults = FaultInjection()
        faults.insertions = [file: insertion]
        let trial = try #require(ProbeTrial.all.first { $0.name.contains(name) })
        let item = DriverProbe(try TestDevice.device(), faults: faults, emulatesWarps: true).item(trial)
        #expect(item.outcome == .wrong && !item.detail.isEmpty, "\(item)")
    }

    /// What does not build, and memory that is not there, cost an item and not the probe.
    @Test func refusalsAreAnswers() throws {
        var faults = FaultInjection()
        faults.brokenSource = "probe"
        faults.allocationLimit = 1 << 20
        let items = try items(faults)
        let storage = try #require(items.first { $0.name.hasPrefix("vload_half") })
        #expect(storage.outcome == .refused && storage.detail.contains("injected failure"), "\(storage)")
        let write = try #require(items.first { $0.name == "write, ordinary memory" })
        #expect(write.outcome == .failed && write.detail.contains("memory"), "\(write)")
        #expect(!items.contains { $0.detail.contains("\n") })
    }
}

@Suite struct PTXTextTests {
    private let ptx = """
        // made by a compiler
        .version 7.8
        .target sm_90, texmode_independent
        .address_size 64
        .entry f() {
        \t//@ wgmma.fence.sync.aligned;
        \tret; // not this
        }
        """

    @Test func namesItsTarget() throws {
        let text = try #require(PTXText(Array(ptx.utf8) + [0, 1]))
        #expect(text.version == "7.8" && text.target == "sm_90")
        #expect(PTXText([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1]) == nil && PTXText([]) == nil)
    }

    @Test func isRetargeted() throws {
        let text = try #require(PTXText(Array(ptx.utf8)))
        let (binary, uncovered) = text.retargeted(to: "sm_90a", least: 8.0)
        let lines = String(decoding: binary, as: UTF8.self).split(separator: "\n").map {
            $0.drop { $0 == "\t" || $0 == " " }
        }
        #expect(uncovered == 1)
        #expect(lines.contains("wgmma.fence.sync.aligned;") && lines.contains("ret; // not this"))
        #expect(lines.contains(".version 8.0") && lines.contains(".target sm_90a"))
        // Never lowered.
        let newer = try #require(PTXText(Array(ptx.replacing("7.8", with: "8.7").utf8)))
        #expect(
            String(decoding: newer.retargeted(to: "sm_90a", least: 8.0).binary, as: UTF8.self).contains(
                ".version 8.7"))
    }
}
