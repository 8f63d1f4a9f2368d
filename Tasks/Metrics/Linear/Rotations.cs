using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Rotations of neighbouring rows of a matrix, collected and then done together: a core takes a few columns
/// through all of them while they are in its cache.</summary>
/// <param name="rows">[size, size].</param>
/// <param name="size">Rows.</param>
internal sealed class Rotations(double[] rows, int size)
{
    private const int Columns = 64, Most = 1 << 16;

    private readonly List<(int Row, double Cosine, double Sine)> waiting = new(Most);

    /// <summary>Turns rows <paramref name="row"/> and <paramref name="row"/> + 1, now or later.</summary>
    public void Add(int row, double cosine, double sine)
    {
        if (waiting.Count == Most) Finish();
        waiting.Add((row, cosine, sine));
    }

    /// <summary>Does what waits.</summary>
    public void Finish()
    {
        Device.Cpu.For((size + Columns - 1) / Columns, part =>
        {
            var (from, count) = (part * Columns, Math.Min(Columns, size - part * Columns));
            foreach (var (row, cosine, sine) in waiting)
                DoubleRows.Rotate(rows.AsSpan(row * size + from, count), rows.AsSpan((row + 1) * size + from, count),
                    cosine, sine);
        });
        waiting.Clear();
    }
}
