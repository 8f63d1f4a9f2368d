using System.Text.Json;
using Diffract.Autograd;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests.Autograd.Optim;

public class OptimizerGoldenTests
{
    public static IEnumerable<string> Steps => Goldens.OfKind("optimizer_steps").DefaultIfEmpty("optim/steps");

    public static IEnumerable<string> StepLr => Goldens.OfKind("step_lr").DefaultIfEmpty("optim/step_lr");

    public static IEnumerable<string> Averages => Goldens.OfKind("ema").DefaultIfEmpty("optim/ema");

    [TestCaseSource(nameof(Steps))]
    public void Every_step_of_every_optimiser_is_PyTorchs(string name)
    {
        using var fixture = new GoldenFixture(name);
        foreach (var setting in fixture.Meta.GetProperty("cases").EnumerateObject())
        {
            using var scope = Scope.Open();
            (string Name, Tensor Tensor)[] parameters =
                [("w", Parameter(fixture["w0"])), ("b", Parameter(fixture["b0"]))];
            using var optimizer = Make(setting.Value, parameters);
            var after = parameters.ToDictionary(p => p.Name, _ => new List<double>());
            for (var step = 0; step < fixture.Meta.GetProperty("steps").GetInt32(); step++)
            {
                foreach (var (key, tensor) in parameters) tensor.Grad = Row(fixture[$"grad_{key}"], step, tensor.Shape);
                optimizer.Step();
                foreach (var (key, tensor) in parameters) after[key].AddRange(GoldenFixture.Values(tensor));
            }
            foreach (var (key, values) in after) fixture.Check($"{setting.Name}.{key}", values.ToArray());
        }
        fixture.AssertAllUsed();
    }

    [TestCaseSource(nameof(StepLr))]
    public void StepSchedule_is_PyTorchs(string name)
    {
        using var fixture = new GoldenFixture(name);
        var schedule = new StepSchedule(fixture.Meta.GetProperty("step_size").GetInt64(),
            fixture.Meta.GetProperty("gamma").GetDouble());
        using var parameter = Tensor.From([1f]);
        using var optimizer = new Sgd([parameter], fixture.Meta.GetProperty("lr").GetDouble());
        var rates = new List<double>();
        for (var epoch = 0; epoch < fixture["lr"].Count; epoch++)
        {
            schedule.Apply(optimizer, epoch);
            rates.Add(optimizer.Groups[0].Lr);
        }
        Assert.That(rates, Is.EqualTo(fixture["lr"].ToArray<double>()), "bit by bit");
    }

    [TestCaseSource(nameof(Averages))]
    public void Ema_is_the_trainers(string name)
    {
        using var fixture = new GoldenFixture(name);
        using var scope = Scope.Open();
        var rate = fixture.Meta.GetProperty("rate").GetDouble();
        var parameter = Tensor.From(fixture["ema0"].ToArray<float>(), fixture["ema0"].Shape);
        using var ema = new Ema([("p", parameter)], rate);
        var after = new List<double>();
        for (var step = 0; step < fixture["source"].Shape[0]; step++)
        {
            using (var source = Row(fixture["source"], step, parameter.Shape))
                parameter.CopyFrom<float>(source.AsSpan<float>());
            ema.Update();
            after.AddRange(GoldenFixture.Values(ema.Averages(rate)[0].Tensor));
        }
        fixture.Check("ema_after", after.ToArray());
        fixture.AssertAllUsed();
    }

    private static Optimizer Make(JsonElement setting, (string, Tensor)[] parameters)
    {
        double Number(string key, double missing) =>
            setting.TryGetProperty(key, out var value) ? value.GetDouble() : missing;
        bool Flag(string key) => setting.TryGetProperty(key, out var value) && value.GetBoolean();
        (double, double)? betas = setting.TryGetProperty("betas", out var pair)
            ? (pair[0].GetDouble(), pair[1].GetDouble())
            : null;
        ParamGroup[] groups = [new ParamGroup(parameters)];
        var lr = Number("lr", double.NaN);
        return setting.GetProperty("optimizer").GetString() switch
        {
            "sgd" => new Sgd(groups, lr, Number("momentum", 0), Number("dampening", 0), Number("weight_decay", 0),
                Flag("nesterov")),
            "adam" => new Adam(groups, lr, betas, Number("eps", 1e-8), Number("weight_decay", 0)),
            "adamw" => new AdamW(groups, lr, betas, Number("eps", 1e-8), Number("weight_decay", 1e-2)),
            var other => throw new NotSupportedException(other),
        };
    }

    private static Tensor Parameter(Tensor stored)
    {
        var parameter = Tensor.From(stored.ToArray<float>(), stored.Shape);
        parameter.RequiresGrad = true;
        return parameter;
    }

    private static Tensor Row(Tensor stored, int row, Shape shape) =>
        Tensor.From(stored.ToArray<float>().AsSpan(row * (int)shape.Count, (int)shape.Count), shape);
}
