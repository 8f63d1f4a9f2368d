using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

internal sealed class UnitsTests
{
    [TestCase(0, "0 B")]
    [TestCase(999, "999 B")]
    [TestCase(1000, "0.98 KiB")]
    [TestCase(1536, "1.50 KiB")]
    [TestCase(1023 * 1024, "1.00 MiB")]
    [TestCase(2211383297, "2.06 GiB")]
    public void Bytes_have_three_digits(long bytes, string text) => Assert.That(Units.Bytes(bytes), Is.EqualTo(text));

    [TestCase(820, "820")]
    [TestCase(7680, "7.7 k")]
    [TestCase(999_949, "999.9 k")]
    [TestCase(999_950, "1.0 M")]
    [TestCase(302_800_000, "302.8 M")]
    [TestCase(999_950_000, "1.0 G")]
    [TestCase(1_234_000_000_000, "1.23 T")]
    public void Large_numbers_take_the_prefix_that_leaves_digits(long count, string text) =>
        Assert.That(Units.Large(count), Is.EqualTo(text));

    [TestCase(0.31, "0.3 s")]
    [TestCase(9.96, "10 s")]
    [TestCase(59.4, "59 s")]
    [TestCase(61, "1 min 1 s")]
    [TestCase(7500, "2 h 5 min")]
    [TestCase(90000, "1 d 1 h")]
    public void Durations_have_two_units(double seconds, string text) =>
        Assert.That(Units.Duration(TimeSpan.FromSeconds(seconds)), Is.EqualTo(text));

    [TestCase(12.34, "12.3 images/s")]
    [TestCase(1234, "1,234 images/s")]
    [TestCase(0.05, "3.00 images/min")]
    [TestCase(0.0005, "1.80 images/h")]
    public void Slow_rates_take_a_longer_unit(double perSecond, string text) =>
        Assert.That(Units.Rate(perSecond, "images"), Is.EqualTo(text));

    [Test]
    public void Columns_are_padded_and_numbers_stand_right() => Assert.That(
        Columns.Align([["name", "count"], ["a.weight", "7"]], 1),
        Is.EqualTo(new[] { "name      count", "a.weight      7" }));
}
