using System.Globalization;
using System.Runtime.InteropServices;
using Diffract.Engine.Sim;

namespace Diffract.Tests.Engine.Sim;

/// <summary>Runs small pieces of PTX.</summary>
internal static class Lab
{
    /// <summary>What one instruction gives in the lanes of a warp.</summary>
    /// <param name="instruction">With operands %d, %a, %b, %c, %p (a predicate) and %q.</param>
    /// <param name="target">Type of %d: b16, b32, b64, pred.</param>
    /// <param name="source">Type of %a, %b and %c.</param>
    /// <param name="inputs">Up to three numbers a lane.</param>
    public static ulong[] Each(string instruction, string target, string source, params ulong[][] inputs)
    {
        var lanes = inputs[0].Length;
        var memory = new SimMemory();
        var arguments = new List<ulong>();
        foreach (var input in inputs) arguments.Add((ulong)Upload(memory, input));
        while (arguments.Count < 3) arguments.Add(arguments[0]);
        var output = memory.Allocate(8 * lanes);
        arguments.Add((ulong)output);
        var predicate = target == "pred";
        var text = Text($"""
            .reg .{(predicate ? "b32" : target)} %d;
            .reg .{source} %a, %b, %c;
            .reg .pred %p, %q;
            .reg .b64 %x<4>, %at, %wide;
            .reg .b32 %lane;
            mov.u32 %lane, %tid.x;
            ld.param.u64 %x0, [p0]; ld.param.u64 %x1, [p1]; ld.param.u64 %x2, [p2]; ld.param.u64 %x3, [p3];
            mul.wide.u32 %at, %lane, 8;
            add.u64 %x0, %x0, %at; add.u64 %x1, %x1, %at; add.u64 %x2, %x2, %at; add.u64 %x3, %x3, %at;
            ld.global.{source} %a, [%x0]; ld.global.{source} %b, [%x1]; ld.global.{source} %c, [%x2];
            {instruction}
            {(predicate ? "selp.b32 %d, 1, 0, %p;" : "")}
            mov.u64 %wide, 0;
            st.global.u64 [%x3], %wide;
            st.global.{(predicate ? "b32" : target)} [%x3], %d;
            """, parameters: 4);
        Run(text, memory, [.. arguments], threads: lanes);
        return Download<ulong>(memory, output, lanes);
    }

    /// <summary>One lane's result.</summary>
    public static ulong One(string instruction, string target, string source, params ulong[] inputs) =>
        Each(instruction, target, source, [.. inputs.Select(i => new[] { i })])[0];

    /// <summary>A kernel around some statements, with 64-bit parameters p0, p1, …</summary>
    public static string Text(string body, int parameters, string declarations = "", string target = "sm_80") => $$"""
        .version 8.4
        .target {{target}}
        .address_size 64
        {{declarations}}
        .visible .entry lab({{string.Join(", ", Enumerable.Range(0, parameters).Select(i => $".param .u64 p{i}"))}})
        {
        {{body}}
        ret;
        }
        """;

    /// <summary>The message of the error that a kernel for compute capability 9.0 ends with; null when there is none.
    /// </summary>
    /// <param name="body">Statements, after registers %r, %x (64 bits), %f and %p of 16 each.</param>
    /// <param name="threads">Threads of the one block.</param>
    /// <param name="memory">Memory; null for an empty one.</param>
    /// <param name="arguments">The parameters p0, p1, …, which stand in %x0, %x1, …</param>
    public static string? Error(string body, int threads, SimMemory? memory = null, params ulong[] arguments)
    {
        try
        {
            Hopper(body, threads, memory ?? new SimMemory(), arguments);
            return null;
        }
        catch (SimException e)
        {
            return e.Message;
        }
    }

    /// <summary>Runs a kernel for compute capability 9.0; see <see cref="Error"/>.</summary>
    public static void Hopper(string body, int threads, SimMemory memory, params ulong[] arguments) => Run(Text($"""
        .reg .b32 %r<16>; .reg .b64 %x<16>; .reg .f32 %f<16>; .reg .pred %p<16>;
        {string.Concat(arguments.Select((_, i) => $"ld.param.u64 %x{i}, [p{i}]; "))}
        mov.u32 %r0, %tid.x;
        {body}
        """, arguments.Length, target: "sm_90a"), memory, arguments, threads);

    public static void Run(string text, SimMemory memory, ulong[] arguments, int threads, int blocks = 1) =>
        SimMachine.Run(SimProgram.Load(text), new SimLaunch(new((blocks, 1, 1), (threads, 1, 1)),
            MemoryMarshal.AsBytes(arguments.AsSpan()).ToArray(), memory));

    public static nint Upload<T>(SimMemory memory, params T[] values) where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values.AsSpan());
        var address = memory.Allocate(bytes.Length);
        memory.Write(address, bytes);
        return address;
    }

    public static T[] Download<T>(SimMemory memory, nint address, int count) where T : unmanaged
    {
        var values = new T[count];
        memory.Read(address, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    public static ulong F(float value) => BitConverter.SingleToUInt32Bits(value);

    public static ulong D(double value) => BitConverter.DoubleToUInt64Bits(value);

    public static ulong H(double value) => BitConverter.HalfToUInt16Bits((Half)value);

    public static ulong S(long value) => (ulong)value;

    public static ulong X(string hex) => ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
