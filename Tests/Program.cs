namespace Diffract.Tests;

/// <summary>What this assembly does when a test starts it as a process of its own.</summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        if (arguments is [SavingChild.Verb, var folder]) SavingChild.Run(folder);
        if (arguments is not [Kernels.WidthChild.Verb, var what]) return 1;
        Kernels.WidthChild.Run(what);
        return 0;
    }
}
