namespace Diffract.Kernels;

internal sealed partial class PtxWriter
{
    private int labels;

    /// <summary>A new name for a place in the text.</summary>
    public string Label() => $"L{++labels}";

    /// <summary>The place a label names.</summary>
    public void Place(string label) => body.Append(label).Append(":\n");

    /// <summary>Goes on at a label where the predicate holds.</summary>
    public void Branch(PtxValue condition, string label) => Emit(condition, $"bra {label};");

    /// <summary>What threads do whose predicate holds; they meet the others behind it.</summary>
    public void If(PtxValue condition, Action then)
    {
        var end = Label();
        Emit($"@!{condition} bra {end};");
        then();
        Place(end);
    }

    /// <summary>The first where the predicate holds, the second where it does not.</summary>
    public void If(PtxValue condition, Action then, Action otherwise)
    {
        string other = Label(), end = Label();
        Emit($"@!{condition} bra {other};");
        then();
        Emit($"bra {end};");
        Place(other);
        otherwise();
        Place(end);
    }

    /// <summary>Repeats while a predicate, made anew each time, holds.</summary>
    public void While(Func<PtxValue> condition, Action step)
    {
        string top = Label(), end = Label();
        Place(top);
        Emit($"@!{condition()} bra {end};");
        step();
        Emit($"bra {top};");
        Place(end);
    }

    /// <summary>Runs <paramref name="step"/> with a counter from <paramref name="first"/> to before
    /// <paramref name="end"/>; the test stands at the loop's end, behind one at its start.</summary>
    public void For(PtxValue first, PtxValue end, PtxValue by, Action<PtxValue> step)
    {
        var i = Variable(end.Number, first);
        If(i < end, () =>
        {
            var top = Label();
            Place(top);
            step(i);
            Set(i, i + by);
            Branch(i < end, top);
        });
    }
}
