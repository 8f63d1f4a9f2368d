using Diffract.Kernels;
using NUnit.Framework;

namespace Diffract.Tests.Kernels.Gpu;

/// <summary>Corrections of a compiler's text.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class GpuTextTests
{
    private const string Head = """
        .local .align 4 .b8 __local_depot0[4];
        mov.b64 %rd1, __local_depot0;

        """;

    [Test]
    public void The_target_is_the_devices_and_branches_promise_nothing() => Assert.That(
        GpuText.Correct(".version 7.0\n.target sm_80\n\tbra.uni\tL_1;\n\tbrx.idx.uni\t%r1, T;", 90),
        Is.EqualTo(".version 7.0\n.target sm_90\n\tbra\tL_1;\n\tbrx.idx\t%r1, T;"));

    [Test]
    public void A_number_that_is_put_away_and_taken_out_stays_in_its_register()
    {
        var text = GpuText.WithoutDetours(Head + """
            st.local.f32 [%rd1], 0f00000000;
            fma.rn.f32 %f1, %f2, %f3, %f4;
            st.local.f32 [%rd1], %f1;
            add.s32 %r1, %r2, %rd14;
            ld.local.f32 %f5, [%rd1];
            """);
        Assert.That(text, Does.Not.Contain("local").And.Contain("mov.f32\t%f5, %f1;").And.Contain("%rd14"));
    }

    [TestCase("st.local.f32 [%rd1], %f1;\nL_2:\nld.local.f32 %f5, [%rd1];", TestName = "a label in between")]
    [TestCase("st.local.f32 [%rd1], %f1;\n@%p1 bra L_2;\nld.local.f32 %f5, [%rd1];", TestName = "a branch in between")]
    [TestCase("st.local.f32 [%rd1], %f1;\nmov.f32 %f1, %f2;\nld.local.f32 %f5, [%rd1];", TestName = "another number")]
    [TestCase("st.local.f32 [%rd1], %f1;\nld.local.b32 %r5, [%rd1];", TestName = "another type")]
    [TestCase("st.local.f32 [%rd1], %f1;\nadd.s64 %rd2, %rd1, 4;\nld.local.f32 %f5, [%rd1];", TestName = "its address")]
    [TestCase("ld.local.f32 %f5, [%rd1];", TestName = "nothing put there")]
    public void What_is_not_sure_stays(string body) =>
        Assert.That(GpuText.WithoutDetours(Head + body), Is.EqualTo(Head + body));
}
