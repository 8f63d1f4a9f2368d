using Diffract.Autograd;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Optimisers, schedules, averages, loss scale.</summary>
internal static class OptimKinds
{
    public static Dictionary<string, KindRunner> Table { get; } = new()
    {
        ["optimizer_steps"] = OptimizerSteps,
        ["step_lr"] = StepLr,
        ["ema"] = MovingAverage,
        ["fp16_loss_scale_trace"] = LossScale,
    };

    /// <summary>An optimiser with the settings of <paramref name="meta"/>, under PyTorch's names and with its defaults.
    /// </summary>
    public static Optimizer Make(Meta meta, IReadOnlyList<Tensor> parameters)
    {
        foreach (var name in new[] { "amsgrad", "maximize" })
            if (meta.Flag(name, false)) throw new VerifyException($"the optimiser's setting {name} is not available");
        var kind = meta.Text("optimizer");
        var lr = meta.Number("lr", 1e-3);
        var decay = meta.Number("weight_decay", kind == "adamw" ? 1e-2 : 0);
        if (kind == "sgd")
            return new Sgd(parameters, lr, meta.Number("momentum", 0), meta.Number("dampening", 0), decay,
                meta.Flag("nesterov", false));
        var betas = meta.Has("betas") ? meta.Numbers("betas") : [0.9, 0.999];
        var eps = meta.Number("eps", 1e-8);
        var decoupled = meta.Flag("decoupled", meta.Flag("decoupled_weight_decay", kind == "adamw"));
        return kind is not ("adam" or "adamw") || betas.Length != 2
            ? throw new VerifyException($"there is no optimiser {kind} with {betas.Length} betas")
            : decoupled
                ? new AdamW(parameters, lr, (betas[0], betas[1]), eps, decay)
                : new Adam(parameters, lr, (betas[0], betas[1]), eps, decay);
    }

    private static void OptimizerSteps(VerifyCase c)
    {
        const string Gradient = "grad_";
        var names = c.Names.Where(n => n.StartsWith(Gradient, StringComparison.Ordinal))
            .Select(n => n[Gradient.Length..]).Where(n => c.Has(n + "0")).ToArray();
        var cases = c.Meta.Object("cases");
        foreach (var name in cases.Names)
        {
            var parameters = names.Select(n => c.Input(n + "0")).ToArray();
            foreach (var parameter in parameters) parameter.RequiresGrad = true;
            using var optimizer = Make(cases.Object(name), parameters);
            var after = names.Select(_ => new List<double>()).ToArray();
            for (var step = 0; step < c.Data[Gradient + names[0]].Shape[0]; step++)
            {
                for (var i = 0; i < names.Length; i++) parameters[i].Grad = c.Slice(Gradient + names[i], step);
                optimizer.Step();
                for (var i = 0; i < names.Length; i++) after[i].AddRange(Elements.Doubles(parameters[i]));
            }
            for (var i = 0; i < names.Length; i++) c.Check($"{name}.{names[i]}", after[i].ToArray());
        }
    }

    private static void StepLr(VerifyCase c)
    {
        var schedule = new StepSchedule(c.Meta.Int("step_size"), c.Meta.Number("gamma", 0.1));
        var rates = new double[c.Data["lr"].Count];
        for (var epoch = 0; epoch < rates.Length; epoch++) rates[epoch] = schedule.At(c.Meta.Number("lr"), epoch);
        c.Check("lr", rates);
    }

    private static void MovingAverage(VerifyCase c)
    {
        var rate = c.Meta.Number("rate");
        var source = c.Input("ema0");
        using var ema = new Ema([("source", source)], rate);
        var after = new List<double>();
        for (var step = 0; step < c.Data["source"].Shape[0]; step++)
        {
            var values = c.Slice("source", step);
            if (c.DType == DType.Float64) source.CopyFrom<double>(values.ToArray<double>());
            else source.CopyFrom<float>(values.ToArray<float>());
            ema.Update();
            after.AddRange(Elements.Doubles(ema.Averages(rate)[0].Tensor));
        }
        c.Check("ema_after", after.ToArray());
    }

    private static void LossScale(VerifyCase c)
    {
        var scaler = new LossScaler(c.Meta.Number("start"), c.Meta.Number("growth"), c.Meta.Number("backoff"));
        var norms = c.Doubles("grad_norm");
        var (took, after) = (new long[norms.Length], new double[norms.Length]);
        for (var step = 0; step < norms.Length; step++)
        {
            took[step] = scaler.Update(norms[step]) ? 1 : 0;
            after[step] = scaler.LogScale;
        }
        c.Check("took_step", took);
        c.Check("lg_loss_scale_after", after);
    }
}
