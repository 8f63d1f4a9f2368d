using CsCheck;

namespace Diffract.Tests;

/// <summary>Properties that must hold for every case a generator can draw.</summary>
internal static class Property
{
    /// <summary>Another start of the cases' sequence, to look for failures that the fixed one misses.</summary>
    private static readonly ulong _seed = Setting("DIFFRACT_PROPERTY_SEED", 20);

    /// <summary>How many times as many cases as usual.</summary>
    private static readonly int _times = (int)Setting("DIFFRACT_PROPERTY_TIMES", 1);

    /// <summary>Runs <paramref name="test"/> on <paramref name="count"/> cases. They are the same in every run, so that
    /// a build is not red by chance; <c>DIFFRACT_PROPERTY_SEED</c> and <c>DIFFRACT_PROPERTY_TIMES</c> draw others and
    /// more. A failing case is made smaller before it is reported.</summary>
    public static void Holds<T>(this Gen<T> cases, int count, Action<T> test)
    {
        var random = new PCG(1, _seed);
        for (var i = 0; i < count * _times; i++)
        {
            var seed = random.ToString();
            var value = cases.Generate(random, null, out _);
            try
            {
                test(value);
            }
            catch (Exception)
            {
                // The assertion is in the report of the smallest failing case as well.
                cases.Sample(test, seed: seed, iter: 200, threads: 1);
                throw;
            }
        }
    }

    private static ulong Setting(string name, ulong usual) =>
        ulong.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : usual;
}
