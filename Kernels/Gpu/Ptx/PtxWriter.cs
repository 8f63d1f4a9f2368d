using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Diffract.Kernels;

/// <summary>Writes the PTX of one entry point: a kernel is a method in C# that calls instructions in order, with loops
/// that run while the text is made (and so are unrolled in it) beside loops that run on the device.
/// <code>
/// var k = new PtxWriter("double", threads: 256, architecture: 80);
/// var x = k.Parameter&lt;nint>("x");
/// var at = x + k.BlockX.MultiplyAdd(256, k.Thread).Wide(4);
/// var value = k.Load(PtxNumber.F32, "global", at);
/// k.Store("global", at, value + value);
/// return k.Text();
/// </code></summary>
/// <param name="entry">Name of the entry point.</param>
/// <param name="threads">Threads of a block, along the first axis.</param>
/// <param name="architecture">Ten times the compute capability.</param>
internal sealed partial class PtxWriter(string entry, int threads, int architecture)
{
    private const string DynamicShared = "Shared";
    private const string Kept = "All fields of a struct with sequential layout are kept.";

    private readonly StringBuilder body = new(), parameters = new();
    private readonly Dictionary<string, int> registers = [];
    private readonly Dictionary<PtxNumber, string> declared = [];

    /// <summary>Name of the entry point.</summary>
    public string Entry { get; } = entry;

    /// <summary>Threads of a block.</summary>
    public int Threads { get; } = threads;

    /// <summary>Ten times the compute capability.</summary>
    public int Architecture { get; } = architecture;

    /// <summary>The target's name; <c>90a</c> for instructions that only that chip has.</summary>
    public string Target { get; init; } = architecture.ToString(CultureInfo.InvariantCulture);

    /// <summary>Version of the language: the oldest that knows the architecture, so that any driver that knows the
    /// device reads it.</summary>
    public string Version { get; init; } = architecture switch
    {
        < 80 => "6.3",
        < 86 => "7.0",
        < 87 => "7.1",
        < 89 => "7.4",
        _ => "7.8",
    };

    /// <summary>Blocks that must fit on a multiprocessor together; 0 leaves it to the assembler. It bounds the
    /// registers.</summary>
    public int BlocksAtOnce { get; init; }

    /// <summary>Bytes of shared memory that <see cref="Shared"/> has given out: a launch must ask for them.</summary>
    public int SharedBytes { get; private set; }

    /// <summary>The thread's number in its block.</summary>
    public PtxValue Thread => Special("%tid.x");

    /// <summary>The thread's number in its warp.</summary>
    public PtxValue Lane => Thread & 31;

    /// <summary>The block's place along the first axis of the grid.</summary>
    public PtxValue BlockX => Special("%ctaid.x");

    /// <summary>The block's place along the second axis.</summary>
    public PtxValue BlockY => Special("%ctaid.y");

    /// <summary>The block's place along the third axis.</summary>
    public PtxValue BlockZ => Special("%ctaid.z");

    /// <summary>The thread's number among all threads along the first axis.</summary>
    public PtxValue Index => Make(PtxNumber.U32, $"mad.lo.u32 {{0}}, {BlockX}, {Threads}, {Thread};");

    /// <summary>The constant's bits as the language writes them.</summary>
    public static string Constant(float value) => $"0f{BitConverter.SingleToUInt32Bits(value):X8}";

    /// <inheritdoc cref="Constant(float)"/>
    public static string Constant(double value) => $"0d{BitConverter.DoubleToUInt64Bits(value):X16}";

    /// <summary>Writes an instruction with its semicolon; a value in it stands as its register.</summary>
    public void Emit(string instruction) => body.Append('\t').Append(instruction).Append('\n');

    /// <summary>Writes an instruction for the threads whose predicate holds.</summary>
    public void Emit(PtxValue guard, string instruction) => Emit($"@{guard} {instruction}");

    /// <summary>Writes a line that explains what follows.</summary>
    public void Comment(string text) => body.Append("\t// ").Append(text).Append('\n');

    /// <summary>A register that an instruction writes: <c>{0}</c> in its text.</summary>
    public PtxValue Make(PtxNumber number, string instruction)
    {
        var value = Variable(number);
        Emit(instruction.Replace("{0}", value.ToString(), StringComparison.Ordinal));
        return value;
    }

    /// <summary>A register that is written more than once, or by an instruction with several results.</summary>
    public PtxValue Variable(PtxNumber number)
    {
        var prefix = number.Prefix();
        declared[number] = prefix;
        var index = registers[prefix] = registers.GetValueOrDefault(prefix) + 1;
        return new(this, $"{prefix}{index}", number);
    }

    /// <summary>Several registers.</summary>
    public PtxValue[] Variables(PtxNumber number, int count)
    {
        var values = new PtxValue[count];
        for (var i = 0; i < count; i++) values[i] = Variable(number);
        return values;
    }

    /// <summary>A register that begins with a value and may change.</summary>
    public PtxValue Variable(PtxNumber number, PtxValue start)
    {
        var variable = Variable(number);
        Set(variable, start);
        return variable;
    }

    /// <summary>Gives a register another value.</summary>
    public void Set(PtxValue variable, PtxValue value)
    {
        var type = variable.Number == PtxNumber.Predicate || variable.Number.IsFloat()
            ? variable.Number.Name() : $"b{variable.Number.Bits()}";
        Emit($"mov.{type} {variable}, {value};");
    }

    /// <summary>A float with a value that is known now.</summary>
    public PtxValue Single(float value) => Make(PtxNumber.F32, $"mov.f32 {{0}}, {Constant(value)};");

    /// <summary>A parameter: a number, or an address (<see langword="nint"/>). Parameters follow in the order of these
    /// calls.</summary>
    public PtxValue Parameter<T>(string name) where T : unmanaged
    {
        var number = PtxNumbers.Of(typeof(T));
        Declare($".param .{number.Name()} {name}");
        return Make(number, $"ld.param.{number.Name()} {{0}}, [{name}];");
    }

    /// <summary>A parameter that is a struct of numbers.</summary>
    /// <returns>A field by its name, read where it is asked for; <c>Outer.Inner</c> for a struct within it.</returns>
    public Func<string, PtxValue> Struct<T>(string name) where T : unmanaged
    {
        Declare($".param .align 8 .b8 {name}[{Marshal.SizeOf<T>()}]");
        return path =>
        {
            var (number, offset) = Locate(typeof(T), path);
            return Make(number, $"ld.param.{number.Name()} {{0}}, [{name}+{offset}];");
        };
    }

    /// <summary>A parameter that is an encoded <see cref="Engine.TensorMap"/>.</summary>
    /// <returns>Its generic address, which copies and <c>prefetch.tensormap</c> take.</returns>
    public PtxValue TensorMap(string name)
    {
        Declare($".param .align {Engine.TensorMap.Alignment} .b8 {name}[{Engine.TensorMap.Bytes}]");
        var place = Make(PtxNumber.U64, $"mov.b64 {{0}}, {name};");
        return Make(PtxNumber.U64, $"cvta.param.u64 {{0}}, {place};");
    }

    /// <summary>What lane 0 holds, in all lanes of its warp; the assembler learns that it is the same in all.</summary>
    public PtxValue Uniform(PtxValue value) =>
        Make(value.Number, $"shfl.sync.idx.b32 {{0}}, {value}, 0, 31, -1;");

    /// <summary>A predicate that holds in one lane of a whole warp (compute capability 9.0).</summary>
    public PtxValue Elected() => Make(PtxNumber.Predicate, "elect.sync _|{0}, -1;");

    /// <summary>The whole part of a quotient.</summary>
    /// <param name="dividend">A 32-bit integer from 0 to 2³¹ - 1; others give nothing that means anything.</param>
    /// <param name="fields">A struct's fields.</param>
    /// <param name="divisor">The field that is a <see cref="Divisor"/>.</param>
    public PtxValue Divide(PtxValue dividend, Func<string, PtxValue> fields, string divisor)
    {
        var product = Make(PtxNumber.U64, $"mul.wide.u32 {{0}}, {dividend}, {fields($"{divisor}.Factor")};");
        return (product >> fields($"{divisor}.Shift")).To(PtxNumber.U32).Seen(PtxNumber.S32);
    }

    /// <summary>Shared memory of the block, of a size that is known now.</summary>
    /// <returns>Its address in shared memory.</returns>
    public PtxValue Shared(int bytes, int alignment = 128)
    {
        var first = (SharedBytes + alignment - 1) / alignment * alignment;
        SharedBytes = first + bytes;
        return Make(PtxNumber.U32, $"mov.u32 {{0}}, {DynamicShared};") + first;
    }

    /// <summary>One number from memory.</summary>
    /// <param name="number">What it is.</param>
    /// <param name="space"><c>global</c>, <c>global.nc</c> or <c>shared</c>.</param>
    /// <param name="address">Where.</param>
    /// <param name="offset">Bytes behind it.</param>
    public PtxValue Load(PtxNumber number, string space, PtxValue address, int offset = 0) =>
        Make(number, $"ld.{space}.{number.Name()} {{0}}, [{address}+{offset}];");

    /// <summary>Writes a number to memory.</summary>
    public void Store(string space, PtxValue address, PtxValue value, int offset = 0) =>
        Emit($"st.{space}.{value.Number.Name()} [{address}+{offset}], {value};");

    /// <summary>Waits for all threads of the block.</summary>
    public void Barrier() => Emit("bar.sync 0;");

    /// <summary>The module's text.</summary>
    public string Text()
    {
        var text = new StringBuilder($".version {Version}\n.target sm_{Target}\n.address_size 64\n\n");
        text.Append(CultureInfo.InvariantCulture, $".extern .shared .align 1024 .b8 {DynamicShared}[];\n\n")
            .Append(CultureInfo.InvariantCulture, $".visible .entry {Entry}(\n{parameters}\n)\n")
            .Append(CultureInfo.InvariantCulture, $".maxntid {Threads}, 1, 1\n");
        if (BlocksAtOnce > 0) text.Append(CultureInfo.InvariantCulture, $".minnctapersm {BlocksAtOnce}\n");
        text.Append("{\n");
        foreach (var group in declared.GroupBy(d => d.Value).OrderBy(g => g.Key, StringComparer.Ordinal))
            text.Append(CultureInfo.InvariantCulture,
                $"\t.reg .{group.First().Key.Declared()} {group.Key}<{registers[group.Key] + 1}>;\n");
        return text.Append(body).Append("\tret;\n}\n").ToString();
    }

    /// <summary>A field of a struct, by its names from the outermost on.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = Kept)]
    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = Kept)]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = Kept)]
    internal static (PtxNumber Number, long Offset) Locate(Type type, string path)
    {
        long offset = 0;
        foreach (var field in path.Split('.'))
        {
            offset += Marshal.OffsetOf(type, field);
            type = type.GetField(field)!.FieldType;
        }
        return (PtxNumbers.Of(type), offset);
    }

    private PtxValue Special(string name) => Make(PtxNumber.U32, $"mov.u32 {{0}}, {name};");

    private void Declare(string parameter)
    {
        if (parameters.Length > 0) parameters.Append(",\n");
        parameters.Append('\t').Append(parameter);
    }
}
