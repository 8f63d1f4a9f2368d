using System.Reflection;
using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Lanes;

/// <summary>A lane member that is not inlined makes every formula half as slow again.</summary>
public sealed class LaneInliningTests
{
    private const BindingFlags Everything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static
        | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static IEnumerable<Type> Types() => typeof(LaneMath).Assembly.GetTypes()
        .Where(t => t.IsValueType && t.GetInterfaces().Any(IsLane))
        .Append(typeof(LaneMath));

    [Test]
    public void The_six_lanes_are_found() => Assert.That(Types(), Is.SupersetOf(new[]
    {
        typeof(FloatLane), typeof(NarrowLane), typeof(WideLane), typeof(WidestLane), typeof(DoubleLane),
        typeof(DualLane),
    }));

    [TestCaseSource(nameof(Types))]
    public void Every_member_is_inlined(Type type)
    {
        var loose = type.GetMethods(Everything)
            .Where(m => !m.MethodImplementationFlags.HasFlag(MethodImplAttributes.AggressiveInlining))
            .Select(m => m.Name);
        Assert.That(loose, Is.Empty);
    }

    private static bool IsLane(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ILane<>);
}
