using System.CommandLine;
using System.Globalization;

namespace Diffract.Cli;

/// <summary>What the numbers of options may be. A wrong one is wrong usage, said before any work begins.</summary>
internal static class OptionLimits
{
    extension<T>(Option<T> option)
    {
        /// <summary>Whole numbers from <paramref name="least"/>.</summary>
        public Option<T> AtLeast(int least) => option.Only(v => v >= least && v <= int.MaxValue && v == Math.Floor(v),
            $"a whole number from {least}");

        /// <summary>Numbers above 0.</summary>
        public Option<T> Positive() => option.Only(v => v > 0 && double.IsFinite(v), "a number above 0");

        /// <summary>Numbers from 0.</summary>
        public Option<T> NotNegative() => option.Only(v => v >= 0 && double.IsFinite(v), "a number from 0");

        /// <summary>Numbers from 0 that are less than 1.</summary>
        public Option<T> Share() => option.Only(v => v is >= 0 and < 1, "a number from 0 that is less than 1");

        /// <summary>Numbers from 0 to 1, both among them.</summary>
        public Option<T> UpToOne() => option.Only(v => v is >= 0 and <= 1, "a number from 0 to 1");

        /// <summary>Numbers between 0 and 1.</summary>
        public Option<T> Part() => option.Only(v => v is > 0 and < 1, "a number between 0 and 1");

        private Option<T> Only(Predicate<double> allowed, string words)
        {
            option.Validators.Add(result =>
            {
                foreach (var token in result.Tokens)
                    if (!double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                        || !allowed(value))
                        result.AddError($"{option.Name} is {words}, not '{token.Value}'");
            });
            return option;
        }
    }
}
