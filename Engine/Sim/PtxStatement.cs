namespace Diffract.Engine.Sim;

/// <summary>One instruction of the text.</summary>
/// <param name="Text">As it stands there.</param>
/// <param name="Name">The instruction's name with its modifiers, <c>ld.global.v4.f32</c>.</param>
/// <param name="Operands">Its operands.</param>
/// <param name="Guard">The predicate it waits for; null for none.</param>
/// <param name="GuardNegated">True when it runs where the predicate is false.</param>
internal sealed record PtxStatement(
    string Text, string Name, IReadOnlyList<PtxOperand> Operands, string? Guard, bool GuardNegated)
{
    /// <summary>The name at its dots.</summary>
    public IReadOnlyList<string> Words { get; } = Name.Split('.');

    /// <summary>The first word.</summary>
    public string Operation => Words[0];

    /// <summary>The type at the end of the name.</summary>
    /// <exception cref="SimException">There is none.</exception>
    public PtxType Type => TypeAt(Words.Count - 1);

    /// <summary>True when one of the words after the first is <paramref name="word"/>.</summary>
    public bool Has(string word)
    {
        for (var i = 1; i < Words.Count; i++) if (Words[i] == word) return true;
        return false;
    }

    /// <summary>The type that word <paramref name="index"/> of the name is.</summary>
    public PtxType TypeAt(int index) => PtxType.TryParse(Words[index], out var type)
        ? type
        : throw new SimException($"no type '{Words[index]}' in '{Text}'");
}
