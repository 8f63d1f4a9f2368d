namespace Diffract.Cases;

/// <summary>From the text of a lambda to the call in it.</summary>
public static class Calls
{
    /// <summary>"x => x.Silu()" becomes "x.Silu()".</summary>
    public static string Short(string lambda) =>
        lambda.IndexOf("=>", StringComparison.Ordinal) is >= 0 and var at ? lambda[(at + 2)..].Trim() : lambda;
}
