using Diffract.Engine;

namespace Diffract.Autograd;

/// <summary>Finds where a NaN or an infinity first appears. While it is on, every result and every gradient is
/// looked at, and the first bad one stops the program with the operation's name, the module's path and the statistics
/// of the inputs. Slow: for finding a fault, not for training.
/// <code>using (Anomaly.Detect()) loss = model.Forward(x);</code></summary>
public static class Anomaly
{
    // Ambient like GradMode: operations have no argument to carry it.
    [ThreadStatic]
    private static Stack<string>? path;

    /// <summary>True while anomalies are looked for on this thread.</summary>
    public static bool IsOn => path is not null;

    /// <summary>Looks for anomalies on this thread until the result is disposed.</summary>
    public static Section Detect() => new(path ?? new Stack<string>());

    /// <summary>Names the module whose forward runs until the result is disposed; costs nothing when off.</summary>
    public static ModuleSection Enter(string name) => new(name);

    internal static string ModulePath => path is { Count: > 0 } ? string.Join(".", path.Reverse()) : "(no module)";

    internal static void CheckForward(Op op, ReadOnlySpan<Tensor?> inputs, Tensor result)
    {
        if (!result.DType.IsFloating() || !Statistics.Of(result).HasNonFinite) return;
        throw new AnomalyException($"{op.Name} in {ModulePath} made a non-finite result\n  result: "
            + $"{Statistics.Of(result)}\n{Describe(inputs)}");
    }

    internal static void CheckBackward(Node node, int index, Tensor gradient)
    {
        if (!Statistics.Of(gradient).HasNonFinite) return;
        throw new AnomalyException($"the backward of {node.Op.Name} in {node.Module ?? "(forward ran outside Detect)"} "
            + $"made a non-finite gradient of input {index}\n  gradient: {Statistics.Of(gradient)}");
    }

    private static string Describe(ReadOnlySpan<Tensor?> inputs)
    {
        var lines = new List<string>();
        for (var i = 0; i < inputs.Length; i++)
            if (inputs[i] is { } input)
                lines.Add($"  input {i}: "
                    + (input.DType.IsFloating() ? Statistics.Of(input) : $"{input.Shape} {input.DType}"));
        return string.Join("\n", lines);
    }

    /// <summary>A section of code in which anomalies are looked for.</summary>
    public readonly ref struct Section
    {
        private readonly Stack<string>? before;

        internal Section(Stack<string> now)
        {
            before = path;
            path = now;
        }

        /// <summary>Restores what was before.</summary>
        public void Dispose() => path = before;
    }

    /// <summary>A section of code that belongs to a module.</summary>
    public readonly ref struct ModuleSection
    {
        private readonly Stack<string>? entered;

        internal ModuleSection(string name)
        {
            entered = path;
            entered?.Push(name);
        }

        /// <summary>Leaves the module.</summary>
        public void Dispose() => entered?.Pop();
    }

    private readonly record struct Statistics(Shape Shape, long Nan, long Infinite, double Min, double Max, double Mean)
    {
        public bool HasNonFinite => Nan + Infinite > 0;

        public static Statistics Of(Tensor tensor)
        {
            using var no = GradMode.No();
            using var scope = Scope.Open();
            var values = Values(tensor);
            long nan = 0, infinite = 0;
            double min = double.PositiveInfinity, max = double.NegativeInfinity, sum = 0;
            foreach (var value in values)
            {
                if (double.IsNaN(value)) nan++;
                else if (double.IsInfinity(value)) infinite++;
                else
                {
                    min = Math.Min(min, value);
                    max = Math.Max(max, value);
                    sum += value;
                }
            }
            return new(tensor.Shape, nan, infinite, min, max, sum / Math.Max(1, values.Length - nan - infinite));
        }

        private static double[] Values(Tensor tensor)
        {
            var before = path;
            path = null;
            try
            {
                return tensor.Detach().To(DType.Float64).ToArray<double>();
            }
            finally
            {
                path = before;
            }
        }

        public override string ToString() => $"{Shape}, {Nan} NaN, {Infinite} infinite"
            + (Nan + Infinite < Shape.Count ? $"; the rest min {Min:g4}, max {Max:g4}, mean {Mean:g4}" : "");
    }
}

/// <summary>A NaN or an infinity, where it first appeared.</summary>
public sealed class AnomalyException(string message) : DiffractException(message);
