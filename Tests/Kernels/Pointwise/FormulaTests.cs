using System.Reflection;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Pointwise;

/// <summary>Proves that every formula's Backward is the derivative of its Forward, with dual numbers: no step size, no
/// tolerance but rounding. What a formula does not say it keeps is NaN here, so that it shows when it is read.
/// </summary>
public sealed class FormulaTests
{
    private static readonly double[] points = [-3.7, -1.2, -0.51, -0.1, 0.05, 0.3, 0.99, 1.5, 2.3, 6.1];

    private static readonly object[] configured =
    [
        new Pow(0), new Pow(1), new Pow(2), new Pow(3), new Pow(0.5), new Pow(-0.5), new Pow(-1), new Pow(-2),
        new Pow(1.7), new Clamp(-0.3, 1.1), new Clamp(double.NegativeInfinity, 0.2),
        new WithRight<Add>(1.5), new WithLeft<Add>(1.5), new WithRight<Sub>(1.5), new WithLeft<Sub>(1.5),
        new WithRight<Mul>(1.5), new WithLeft<Mul>(1.5), new WithRight<Div>(1.5), new WithLeft<Div>(1.5),
        new WithRight<Maximum>(0.2), new WithLeft<Maximum>(0.2),
        new WithRight<Minimum>(0.2), new WithLeft<Minimum>(0.2),
    ];

    private static IEnumerable<object> Unary() =>
        [.. Formulas(typeof(IUnary)).Where(f => f is not (Pow or Clamp)), .. configured];

    private static IEnumerable<object> Binary() => Formulas(typeof(IBinary));

    [TestCaseSource(nameof(Unary))]
    public void Backward_is_the_derivative_of_forward(object formula) => Call(nameof(CheckUnary), formula);

    [TestCaseSource(nameof(Binary))]
    public void Both_backwards_are_the_partial_derivatives_of_forward(object formula) =>
        Call(nameof(CheckBinary), formula);

    [Test]
    public void Ties_share_the_gradient_and_kinks_have_none()
    {
        DoubleLane one = 1, two = 2, zero = 0;
        Assert.That((double)default(Maximum).BackwardLeft(one, one, one, two), Is.EqualTo(1));
        Assert.That((double)default(Minimum).BackwardRight(one, one, one, two), Is.EqualTo(1));
        Assert.That((double)default(Relu).Backward(zero, zero, two), Is.Zero);
        Assert.That((double)default(Abs).Backward(zero, zero, two), Is.Zero);
        Assert.That((double)new Clamp(-1, 1).Backward(one, one, two), Is.EqualTo(2), "bounds belong to the range");
    }

    [Test]
    public void Every_member_is_inlined()
    {
        var loose = typeof(IUnary).Assembly.GetTypes()
            .Where(t => t.IsValueType && t.IsAssignableTo(typeof(IUnary)) || t.IsAssignableTo(typeof(IBinary))
                || t.GetInterfaces().Any(i => i == typeof(IWholeBinary) || i == typeof(ICompare) || i == typeof(IFold)))
            .Where(t => !t.IsInterface)
            .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static
                | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(m => !m.IsSpecialName
                && !m.MethodImplementationFlags.HasFlag(MethodImplAttributes.AggressiveInlining))
            .Select(m => $"{m.DeclaringType!.Name}.{m.Name}");
        Assert.That(loose, Is.Empty);
    }

    private static void CheckUnary<TFormula>(TFormula formula) where TFormula : struct, IUnary
    {
        var tried = 0;
        foreach (var x in points)
        {
            var dual = formula.Forward(new DualLane(x, 1));
            if (!double.IsFinite(dual.Value) || !double.IsFinite(dual.Slope)) continue;
            double y = formula.Forward<DoubleLane>(x);
            double slope = formula.Backward<DoubleLane>(
                TFormula.Keeps.HasFlag(Keep.Input) ? x : double.NaN,
                TFormula.Keeps.HasFlag(Keep.Output) ? y : double.NaN, 2);
            Close(slope, 2 * dual.Slope, $"{formula} at {x}");
            Assert.That(y, Is.EqualTo(dual.Value).Within(1e-15 * Math.Abs(y)));
            tried++;
        }
        Assert.That(tried, Is.GreaterThanOrEqualTo(5), "points inside the formula's range");
    }

    private static void CheckBinary<TFormula>(TFormula formula) where TFormula : struct, IBinary
    {
        foreach (var a in points)
        {
            foreach (var b in points.Where(b => b != a))
            {
                double y = formula.Forward<DoubleLane>(a, b);
                double Kept(Keep keeps, Keep flag, double value) => keeps.HasFlag(flag) ? value : double.NaN;
                double left = formula.BackwardLeft<DoubleLane>(Kept(TFormula.LeftKeeps, Keep.Input, a),
                    Kept(TFormula.LeftKeeps, Keep.Other, b), Kept(TFormula.LeftKeeps, Keep.Output, y), 2);
                double right = formula.BackwardRight<DoubleLane>(Kept(TFormula.RightKeeps, Keep.Input, a),
                    Kept(TFormula.RightKeeps, Keep.Other, b), Kept(TFormula.RightKeeps, Keep.Output, y), 2);
                Close(left, 2 * formula.Forward(new DualLane(a, 1), new DualLane(b, 0)).Slope, $"left at {a}, {b}");
                Close(right, 2 * formula.Forward(new DualLane(a, 0), new DualLane(b, 1)).Slope, $"right at {a}, {b}");
                if (TFormula.LeftIsDy) Assert.That(left, Is.EqualTo(2));
                if (TFormula.RightIsDy) Assert.That(right, Is.EqualTo(2));
            }
        }
    }

    private static void Close(double found, double expected, string where) =>
        Assert.That(found, Is.EqualTo(expected).Within(1e-12 * Math.Max(1e-3, Math.Abs(expected))), where);

    private static IEnumerable<object> Formulas(Type kind) => kind.Assembly.GetTypes()
        .Where(t => t.IsValueType && !t.IsGenericType && t.IsAssignableTo(kind))
        .Select(t => Activator.CreateInstance(t)!);

    private static void Call(string method, object formula)
    {
        try
        {
            typeof(FormulaTests).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(formula.GetType()).Invoke(null, [formula]);
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            throw inner;
        }
    }
}
